//! The roots of the schema.

use std::sync::Arc;

use async_graphql::{
    Context, Error, ErrorExtensions, ID, InputObject, Interface, Object, Result, SDLExportOptions,
    Schema, SchemaBuilder,
};
use futures_util::future::join_all;
use plaudit_domain::post::{Kind, TAG_MAX};
use plaudit_domain::{AccountId, GroupId, PostId};
use plaudit_projection::Key;
use plaudit_replay::Community as Members;
use plaudit_replay::preview::previews::Previews;
use plaudit_store::{Cursor, Order, PostFilter as Filter};

use crate::account::Account;
use crate::agreement::Agreement;
use crate::application::LeadershipApplication;
use crate::as_of::{AsOf, Part, RulesAt};
use crate::benefit::{BenefitRequest, LeaderResource};
use crate::community::Community;
use crate::connection::{GroupConnection, PostConnection, Total};
use crate::dispatch::Dispatcher;
use crate::event::{self, Event, EventConnection};
use crate::event_filter::{EventFilter, EventOrder};
use crate::execute::{Api, Kind as OperationKind};
use crate::feedback::{FeedbackConnection, InteractionCount};
use crate::gift::Gift;
use crate::group::{Group, GroupFilter};
use crate::holder::{LozengeHolderConnection, LozengeHolderFilter};
use crate::id::NodeId;
use crate::kept::Kept;
use crate::leaderboard::{Leaderboard, LeaderboardPeriod};
use crate::loader::{AccountBy, AccountById, GroupById, PostById, PostsListed};
use crate::lozenge::Lozenge;
use crate::lozenge_request::{LozengeRequest, LozengeRequestConnection};
use crate::meeting::{Meeting, MeetingConnection, MeetingFilter};
use crate::mutation::Mutation;
use crate::notification::Notification;
use crate::overview::GroupOverview;
use crate::paging::{PAGE_MAX, Paging};
use crate::post::{Post, PostFilter, PostKind};
use crate::presentation::Presentation;
use crate::profile::Profile;
use crate::programme::KudosProgramme;
use crate::projection::Projection;
use crate::reading::{Asking, ReadFrom, Reading, forbidden, reading, referred};
use crate::report::ReportedPostConnection;
use crate::requirement::LozengeRequirement;
use crate::review::ArticleReviewConnection;
use crate::role::Role;
use crate::rules::Rules;
use crate::rules_preview::RulesPreview;
use crate::scalar::DateTime;
use crate::search::Page;
use crate::subscription::Root as Subscription;
use crate::waiting::{KudosWaitingConnection, KudosWaitingEdge};

impl Api {
    /// The API of a community.
    pub fn of(community: Arc<Members>) -> Self {
        let is_read_only = community.is_read_only();
        let dispatcher = Dispatcher::of(community.clone());
        let kept = Arc::<Kept>::default();
        let to_read = kept.clone();
        let api = Self::new(
            schema,
            move |engine, kind, viewer, request, batches, place| {
                let asking = Asking {
                    community: community.clone(),
                    viewer,
                    request,
                    batches: batches.clone(),
                    place: place.clone(),
                    kept: to_read.clone(),
                };
                match kind {
                    OperationKind::Query | OperationKind::Mutation => {
                        engine.data(Arc::new(Reading::new(asking)))
                    }
                    // It goes on for long: each thing that comes is read from what is in use then.
                    OperationKind::Subscription => engine.data(asking).data(dispatcher.clone()),
                }
            },
        );
        let api = api.keeping(kept);
        match is_read_only {
            true => api.read_only(),
            false => api,
        }
    }
}

/// The schema, without data.
fn schema() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query, Mutation::default(), Subscription)
}

/// The schema in its definition language, sorted by name.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by();
    schema().finish().sdl_with_options(options)
}

/// A thing that can be fetched again by its id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Its opaque id."))]
pub enum Node {
    /// An account.
    Account(Account),
    /// A profile.
    Profile(Profile),
    /// A post.
    Post(Post),
    /// A group.
    Group(Group),
    /// Kudos that a peer gave.
    Gift(Gift),
    /// What who asks was told.
    Notification(Notification),
    /// A meeting of a user group.
    Meeting(Meeting),
    /// A presentation at a meeting.
    Presentation(Presentation),
    /// What a leader asked for.
    BenefitRequest(BenefitRequest),
    /// An application to lead a group.
    LeadershipApplication(LeadershipApplication),
    /// A request for a lozenge.
    LozengeRequest(LozengeRequest),
    /// An agreement.
    Agreement(Agreement),
    /// A preview of rules.
    RulesPreview(RulesPreview),
    /// The rules of the community.
    Rules(Rules),
    /// How the read models stand.
    Projection(Projection),
}

/// Where an imported thing was before.
#[derive(Debug, InputObject)]
pub struct OriginInput {
    /// The kind of place and its name, like `stack-exchange:beer`.
    source: String,
    /// The id that it had there.
    id: String,
}

/// Everything that can be read. Anybody may, also without a token, where nothing else is said.
#[derive(Debug, Default)]
pub struct Query;

/// Everything that can be read. Anybody may, also without a token, where nothing else is said.
#[Object]
impl Query {
    /// A thing by its id; null if there is none.
    async fn node(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Result<Option<Node>> {
        node(context, NodeId::parse(&id)?).await
    }

    /// Things by their ids, in this order; null where there is none.
    async fn nodes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "At most 100 ids.")] ids: Vec<ID>,
    ) -> Result<Option<Vec<Option<Result<Node>>>>> {
        if ids.len() > PAGE_MAX.unsigned_abs() as usize {
            let message = format!("{} ids are too many: at most {PAGE_MAX}", ids.len());
            let error = Error::new(message);
            return Err(error.extend_with(|_, extensions| extensions.set("code", "TOO_MANY_IDS")));
        }
        // All at once, so that the loaders see them together. One that fails is null by itself.
        let all = ids.iter().map(async |id| match NodeId::parse(id) {
            Ok(id) => node(context, id).await.transpose(),
            Err(error) => Some(Err(error)),
        });
        Ok(Some(join_all(all).await))
    }

    /// Everything up to this event shows in what is asked for with it. As `after` of a subscription it makes
    /// sure that nothing is missed that changes meanwhile.
    async fn position(&self, context: &Context<'_>) -> String {
        reading(context).position().to_string()
    }

    /// The account that the request is made as; null without a token, and before it is registered.
    async fn viewer(&self, context: &Context<'_>) -> Result<Option<Account>> {
        match reading(context).viewer {
            Some(viewer) => account_by_id(context, viewer.account).await,
            None => Ok(None),
        }
    }

    /// What who asks may do besides what every member may: none without a token.
    async fn viewer_roles(&self, context: &Context<'_>) -> Vec<Role> {
        Role::all_of(reading(context).viewer)
    }

    /// An account by its id.
    async fn account(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Result<Option<Account>> {
        account_by_id(context, NodeId::account(&id)?).await
    }

    /// An imported account by where it was before. Null where its origin isn't shown to who asks.
    async fn account_by_origin(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Where it was.")] origin: OriginInput,
    ) -> Result<Option<Account>> {
        let store = reading(context).store();
        let Some(account) = store.account_by_origin(&origin.into()).await? else {
            return Ok(None);
        };
        let account = Account(account.into());
        let shown = account.shows_origin(context).await?;
        Ok(shown.then_some(account))
    }

    /// A profile by its id. The id of an account that was a profile of its own before it was linked
    /// leads to the profile that it belongs to now.
    ///
    /// With `asOf` all of it is as it was at that moment, but for who may see it, which is as it is now:
    /// who is erased or private now is so then, and what is deleted now has no text. That takes a replay of
    /// the whole history, so it is for staff and analysts, and an error for everybody else; the first time
    /// it may take longer than an answer may, and be an error with the code `BUILDING`: ask again within half a
    /// minute, or it is given up. Where many other moments are asked for, it is one with the code `BUSY`: ask
    /// again in a minute. At most two fields of a request can have it.
    async fn profile(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
        #[graphql(desc = "As it was at this moment; by default as it is.")] as_of: Option<DateTime>,
        #[graphql(desc = "By which rules; goes with `asOf`, by default those of today.")]
        rules_at: Option<RulesAt>,
    ) -> Result<Option<ReadFrom<Profile>>> {
        let as_of = AsOf::asked(as_of, rules_at)?;
        let id = NodeId::profile(&id)?;
        let part = Part::of(context, as_of).await?;
        let profile = Profile::by_id(&part.within(context), id).await?;
        Ok(profile.map(|profile| part.with(profile)))
    }

    /// A post by its id, also while it is deleted. An article that isn't published is there for its
    /// author and staff alone.
    async fn post(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Result<Option<Post>> {
        post_by_id(context, NodeId::post(&id)?).await
    }

    /// An imported post by where it was before.
    async fn post_by_origin(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Where it was.")] origin: OriginInput,
    ) -> Result<Option<Post>> {
        let post = reading(context)
            .store()
            .post_by_origin(&origin.into())
            .await?;
        match post {
            Some(post) => Post(post.into()).seen(context).await,
            None => Ok(None),
        }
    }

    /// A group by its id. With `asOf` all of it is as it was at that moment, as a profile is.
    async fn group(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
        #[graphql(desc = "As it was at this moment; by default as it is.")] as_of: Option<DateTime>,
        #[graphql(desc = "By which rules; goes with `asOf`, by default those of today.")]
        rules_at: Option<RulesAt>,
    ) -> Result<Option<ReadFrom<Group>>> {
        let as_of = AsOf::asked(as_of, rules_at)?;
        let id = NodeId::group(&id)?;
        let part = Part::of(context, as_of).await?;
        let group = group_by_id(&part.within(context), id).await?;
        Ok(group.map(|group| part.with(group)))
    }

    /// Groups, oldest first.
    async fn groups(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which; by default all.")] filter: Option<GroupFilter>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<Option<GroupConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Ascending)?;
        let kind = filter.and_then(|filter| filter.kind).map(Into::into);
        let groups = reading(context).store().group_page(kind, part.page).await?;
        Ok(Some(GroupConnection::new(part, groups, kind)))
    }

    /// A meeting by its id.
    async fn meeting(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Result<Option<Meeting>> {
        Meeting::by_id(context, NodeId::meeting(&id)?).await
    }

    /// Meetings of all user groups.
    async fn meetings(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which; by default those to come.")] filter: Option<MeetingFilter>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<Option<MeetingConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let reading = reading(context);
        let (span, order) = MeetingFilter::span(filter, reading.now());
        let part = paging.part(order)?;
        let meetings = reading.store().meeting_page(span, part.page).await?;
        let meetings = meetings.into_iter().map(Arc::new).collect();
        Ok(Some(MeetingConnection::new(part, meetings, None)))
    }

    /// What active leaders of user groups may read. For them and for staff; null for everybody else.
    async fn leader_resources(&self, context: &Context<'_>) -> Result<Option<Vec<LeaderResource>>> {
        LeaderResource::all(context).await
    }

    /// How user groups are, and what waits for staff. For staff; an error for everybody else.
    async fn group_overview(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How they are at this moment; by default now.")] at: Option<DateTime>,
    ) -> Result<Option<GroupOverview>> {
        let reading = reading(context);
        if !reading.is_staff() {
            return Err(forbidden("staff"));
        }
        let at = at.unwrap_or_else(|| DateTime(reading.now()));
        GroupOverview::of(reading, at).await.map(Some)
    }

    /// Posts, newest first; none that are deleted.
    async fn posts(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which posts; by default all questions, discussions and articles.")]
        filter: Option<PostFilter>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<Option<PostConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Descending)?;
        let (filter, author) = resolved(context, filter.unwrap_or_default()).await?;
        let listed = PostsListed {
            filter: filter.clone(),
            page: part.page,
        };
        let posts = reading(context).loader().load_one(listed).await?;
        let posts = posts.unwrap_or_default();
        // What somebody wrote is public; how much, with a private profile, isn't (DOMAIN P6).
        let total = match author {
            Some(author) if !author.is_shown(context).await? => Total::Private,
            Some(_) | None => Total::Counted(filter),
        };
        Ok(Some(PostConnection::new(part, posts, total)))
    }

    /// The community as a whole, in figures.
    async fn community(&self, context: &Context<'_>) -> Result<Community> {
        Community::read(context).await
    }

    /// The articles that wait for review, the longest first. For staff; an error for everybody else.
    async fn articles_in_review(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<Option<ArticleReviewConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        if !reading(context).is_staff() {
            return Err(forbidden("staff"));
        }
        ArticleReviewConnection::read(context, paging)
            .await
            .map(Some)
    }

    /// The posts of which reports are open, the longest first. For staff; an error for everybody else.
    async fn reported_posts(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<Option<ReportedPostConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        if !reading(context).is_staff() {
            return Err(forbidden("staff"));
        }
        ReportedPostConnection::read(context, paging)
            .await
            .map(Some)
    }

    /// The kudos programme: everything that can be earned, and how.
    async fn kudos_programme(&self, context: &Context<'_>) -> KudosProgramme {
        KudosProgramme(reading(context).rules().clone())
    }

    /// A preview of rules, as far as it is. For admins; an error for everybody else. Null where there is none of
    /// this id, or it isn't kept any more.
    async fn rules_preview(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Result<Option<RulesPreview>> {
        let previews = previews(context)?;
        let id = NodeId::rules_preview(&id)?;
        Ok(previews.find(id).map(RulesPreview))
    }

    /// The last previews of rules, the latest first. For admins; an error for everybody else.
    async fn rules_previews(&self, context: &Context<'_>) -> Result<Option<Vec<RulesPreview>>> {
        let previews = previews(context)?;
        Ok(Some(previews.all().into_iter().map(RulesPreview).collect()))
    }

    /// Who has the most points: in a period, in a group, now or at an earlier moment. Null where there is no
    /// such group.
    ///
    /// As of an earlier moment it is read from the ledger, by today's rules, of the profiles that there are
    /// now. With `rulesAt` all of it is as it was, also who was linked and took part: that is for staff and
    /// analysts, as a profile as of a moment is.
    async fn leaderboard(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of which points.", default_with = "LeaderboardPeriod::AllTime")]
        period: LeaderboardPeriod,
        #[graphql(desc = "Only points for posts in this group.")] group_id: Option<ID>,
        #[graphql(
            desc = "As it was at this moment; by default as it is. At most two of a request."
        )]
        as_of: Option<DateTime>,
        #[graphql(desc = "By which rules; goes with `asOf`.")] rules_at: Option<RulesAt>,
    ) -> Result<Option<ReadFrom<Leaderboard>>> {
        let asked = AsOf::asked(as_of, rules_at)?;
        if rules_at.is_none() {
            let found = Leaderboard::of(reading(context), period, group_id, as_of).await?;
            return Ok(found.map(ReadFrom::same));
        }
        let part = Part::of(context, asked).await?;
        let within = part.within(context);
        let found = Leaderboard::of(reading(&within), period, group_id, None).await?;
        Ok(found.map(|leaderboard| part.with(leaderboard)))
    }

    /// The accounts that wait to take part in the kudos programme, the longest first. For staff; an
    /// error for everybody else.
    async fn kudos_waiting_list(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<Option<KudosWaitingConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Ascending)?;
        let reading = reading(context);
        if !reading.is_staff() {
            return Err(forbidden("staff"));
        }
        let slice = part.slice(reading.store().waiting_page(part.page).await?);
        let accounts = slice.rows.iter().map(|waiting| AccountBy(waiting.account));
        let mut accounts = reading.loader().load_many(accounts).await?;
        let slice = slice.try_map(|waiting| {
            let account = referred(accounts.remove(&AccountBy(waiting.account)))?;
            Ok::<_, Error>(KudosWaitingEdge {
                cursor: Cursor {
                    at: waiting.since.as_micros(),
                    key: waiting.account,
                },
                since: DateTime(waiting.since),
                node: Account(account),
            })
        })?;
        Ok(Some(KudosWaitingConnection(slice)))
    }

    /// All lozenges, the highest first.
    async fn lozenges(&self, context: &Context<'_>) -> Vec<Lozenge> {
        Lozenge::all(reading(context).rules())
    }

    /// The agreements that members are asked to accept, in their current versions.
    async fn agreements(&self, context: &Context<'_>) -> Result<Vec<Agreement>> {
        Agreement::all(context).await
    }

    /// What a lozenge requires, and whether who asks meets it now: before they ask for it. Null where nobody
    /// can ask for it, and for who isn't registered.
    async fn viewer_lozenge_requirements(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What programs know the lozenge by.")] lozenge_key: String,
        #[graphql(desc = "The company that it would stand for, where it names one.")]
        company: Option<String>,
    ) -> Result<Option<Vec<LozengeRequirement>>> {
        LozengeRequirement::of_viewer(context, &lozenge_key, company.as_deref()).await
    }

    /// The requests for lozenges that wait, the longest first. For staff; an error for everybody else.
    async fn lozenge_requests(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<Option<LozengeRequestConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        if !reading(context).is_staff() {
            return Err(forbidden("staff"));
        }
        let waiting = LozengeRequestConnection::waiting(context, paging).await?;
        Ok(Some(waiting))
    }

    /// Who holds a lozenge that was granted, the longest first, and what of its requirements they don't meet
    /// any more. For staff; an error for everybody else.
    async fn lozenge_holders(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of which lozenge, and which of them.")] filter: LozengeHolderFilter,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<Option<LozengeHolderConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        if !reading(context).is_staff() {
            return Err(forbidden("staff"));
        }
        let holders = LozengeHolderConnection::of(context, filter, paging);
        holders.await.map(Some)
    }

    /// The rules that everything here follows from, and those before. For staff and analysts; an error for
    /// everybody else.
    async fn rules(&self, context: &Context<'_>) -> Result<Option<Rules>> {
        if !reading(context).is_staff_or_analyst() {
            return Err(forbidden("staff and analysts"));
        }
        Rules::of(context).await.map(Some)
    }

    /// How the read models stand. For staff; an error for everybody else.
    async fn projection(&self, context: &Context<'_>) -> Result<Option<Projection>> {
        let reading = reading(context);
        if !reading.is_staff() {
            return Err(forbidden("staff"));
        }
        Projection::of(&reading.community).await.map(Some)
    }

    /// What members think, newest first. For staff and analysts; an error for everybody else.
    async fn feedback(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<Option<FeedbackConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Descending)?;
        let reading = reading(context);
        if !reading.is_staff_or_analyst() {
            return Err(forbidden("staff and analysts"));
        }
        let feedback = reading.store().feedback_page(part.page).await?;
        Ok(Some(FeedbackConnection::new(part, feedback)))
    }

    /// What happened, event by event, as far as it is folded: so it comes with what else is read. For
    /// analysts; an error for everybody else.
    #[allow(
        clippy::too_many_arguments,
        reason = "they are the arguments of a field"
    )]
    async fn events(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which; by default all.")] filter: Option<EventFilter>,
        #[graphql(desc = "In which order.", default_with = "EventOrder::NewestFirst")]
        order: EventOrder,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor, or position.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor, or position.")] before: Option<String>,
    ) -> Result<Option<EventConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let reading = reading(context);
        reading.analyst()?;
        let sought = filter.unwrap_or_default().sought(reading).await?;
        let page = Page::of(reading, &sought, order, &paging).await?;
        Ok(Some(EventConnection::new(page)))
    }

    /// The event at a position; null where there is none, and until it is folded. For analysts; an error for
    /// everybody else.
    async fn event(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its position: a number, as text.")] position: String,
    ) -> Result<Option<Event>> {
        reading(context).analyst()?;
        Event::at(context, event::position(&position)?).await
    }

    /// How often members did what on which day, by day, kind and subject. For staff and analysts; an
    /// error for everybody else.
    async fn interactions(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only of days that begin at this moment or later.")] from: DateTime,
        #[graphql(
            desc = "Only of days that begin before this moment: at most 366 days after the first."
        )]
        until: DateTime,
    ) -> Result<Option<Vec<InteractionCount>>> {
        let reading = reading(context);
        if !reading.is_staff_or_analyst() {
            return Err(forbidden("staff and analysts"));
        }
        let (DateTime(from), DateTime(until)) = (from, until);
        let micros = until.as_micros().saturating_sub(from.as_micros());
        if micros > INTERACTION_DAYS_MAX * DAY_MICROS {
            let message = format!("ask for at most {INTERACTION_DAYS_MAX} days at a time");
            let error = Error::new(message);
            return Err(error.extend_with(|_, extensions| extensions.set("code", "TOO_MANY_DAYS")));
        }
        let store = reading.store();
        let counts = store
            .interactions(from, until, INTERACTIONS_MAX + 1)
            .await?;
        if counts.len() > INTERACTIONS_MAX as usize {
            let message =
                format!("there are more than {INTERACTIONS_MAX} counts: ask for fewer days");
            let error = Error::new(message);
            return Err(error.extend_with(|_, extensions| extensions.set("code", "TOO_MANY_DAYS")));
        }
        Ok(Some(
            counts.into_iter().map(InteractionCount::from).collect(),
        ))
    }
}

/// The most counts of interactions that come at once.
const INTERACTIONS_MAX: u32 = 10_000;
/// The most days of which interactions come at once.
const INTERACTION_DAYS_MAX: i64 = 366;
const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// The previews of rules, if who asks is an admin.
fn previews<'a>(context: &Context<'a>) -> Result<&'a Previews> {
    let reading = reading(context);
    match reading.viewer {
        Some(viewer) if viewer.roles.admin => Ok(reading.community.previews()),
        Some(_) | None => Err(forbidden("admins")),
    }
}

impl From<OriginInput> for plaudit_domain::Origin {
    fn from(OriginInput { source, id }: OriginInput) -> Self {
        Self { source, id }
    }
}

/// A thing by what its id names.
pub async fn node(context: &Context<'_>, id: NodeId) -> Result<Option<Node>> {
    Ok(match id {
        NodeId::Account(id) => account_by_id(context, id).await?.map(Node::Account),
        NodeId::Profile(id) => Profile::by_id(context, id).await?.map(Node::Profile),
        NodeId::Post(id) => post_by_id(context, id).await?.map(Node::Post),
        NodeId::Group(id) => group_by_id(context, id).await?.map(Node::Group),
        NodeId::Notification(id) => {
            let told = Notification::by_id(context, id).await?;
            told.map(Node::Notification)
        }
        NodeId::Gift(id) => Gift::by_id(context, id).await?.map(Node::Gift),
        NodeId::Meeting(id) => Meeting::by_id(context, id).await?.map(Node::Meeting),
        NodeId::Presentation(id) => {
            let presentation = Presentation::by_id(context, id).await?;
            presentation.map(Node::Presentation)
        }
        NodeId::Benefit(id) => {
            let request = BenefitRequest::by_id(context, id).await?;
            request.map(Node::BenefitRequest)
        }
        NodeId::LeadershipApplication(group, account) => {
            let application = LeadershipApplication::by_id(context, group, account).await?;
            application.map(Node::LeadershipApplication)
        }
        NodeId::LozengeRequest(account, lozenge) => {
            let request = LozengeRequest::by_id(context, account, &lozenge).await?;
            request.map(Node::LozengeRequest)
        }
        NodeId::Agreement(key) => {
            let mut agreements = Agreement::all(context).await?.into_iter();
            agreements.find(|it| it.key == key).map(Node::Agreement)
        }
        // For who doesn't see these there are none.
        NodeId::Rules => match reading(context).is_staff_or_analyst() {
            true => Some(Node::Rules(Rules::of(context).await?)),
            false => None,
        },
        NodeId::Projection => match reading(context).is_staff() {
            true => Some(Node::Projection(
                Projection::of(&reading(context).community).await?,
            )),
            false => None,
        },
        NodeId::RulesPreview(id) => {
            let previews = previews(context).ok();
            let preview = previews.and_then(|previews| previews.find(id));
            preview.map(RulesPreview).map(Node::RulesPreview)
        }
    })
}

async fn account_by_id(context: &Context<'_>, id: AccountId) -> Result<Option<Account>> {
    let account = reading(context).loader().load_one(AccountById(id)).await?;
    Ok(account.map(Account))
}

pub async fn post_by_id(context: &Context<'_>, id: PostId) -> Result<Option<Post>> {
    let post = reading(context).loader().load_one(PostById(id)).await?;
    match post {
        Some(post) => Post(post).seen(context).await,
        None => Ok(None),
    }
}

async fn group_by_id(context: &Context<'_>, id: GroupId) -> Result<Option<Group>> {
    let group = reading(context).loader().load_one(GroupById(id)).await?;
    Ok(group.map(Group))
}

/// A filter with keys in place of ids, and the author that it names.
async fn resolved(context: &Context<'_>, filter: PostFilter) -> Result<(Filter, Option<Account>)> {
    let PostFilter {
        kinds,
        mut tag,
        author_id,
        group_id,
    } = filter;
    // Nothing has key 0: nobody's posts are none.
    let nothing = Key(0);
    let (mut author, mut author_key, mut group_key) = (None, None, None);
    if let Some(id) = author_id {
        author = account_by_id(context, NodeId::account(&id)?).await?;
        author_key = Some(author.as_ref().map_or(nothing, |author| author.0.key));
    }
    if let Some(id) = group_id {
        let group = group_by_id(context, NodeId::group(&id)?).await?;
        group_key = Some(group.map_or(nothing, |group| group.0.key));
    }
    // No post has a tag that is longer; what is asked for is kept as it was asked.
    if tag
        .as_ref()
        .is_some_and(|tag| tag.chars().count() > TAG_MAX)
    {
        (tag, author_key) = (None, Some(nothing));
    }
    let asked: Vec<Kind> = kinds.into_iter().flatten().map(PostKind::into).collect();
    let is_asked = |kind: &Kind| match asked.is_empty() {
        true => kind.is_top_level(),
        false => asked.contains(kind),
    };
    let filter = Filter {
        kinds: Kind::ALL.into_iter().filter(is_asked).collect(),
        tag,
        author: author_key,
        group: group_key,
    };
    Ok((filter, author))
}
