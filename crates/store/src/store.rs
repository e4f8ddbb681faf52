//! The store, whatever its engine.

use async_trait::async_trait;
use plaudit_domain::post::Kind;
use plaudit_domain::{
    AccountId, BenefitId, GiftId, GroupId, MeetingId, Origin, Position, PostId, PresentationId,
    Time,
};
use plaudit_projection::standings::Member;
use plaudit_projection::tally::TallyKey;
use plaudit_projection::{
    About, Acceptance, Account, Application, Attendance, Badge, Benefit, Certification, Course,
    Feedback, FigureOfMonth, Gift, GrantedBadge, Group, Interaction, Key, Leader, LedgerEntry,
    Like, LozengeGrant, LozengeRequest, Meeting, Membership, Needs, Notification, Post, PostBody,
    PostMilestone, Presentation, Profile, ReadMark, Report, Review, Rows, Rsvp, Sponsor, Tally,
    TimelineEntry, Touched, Waiting, benefit, group, rsvp,
};
use uuid::Uuid;

use crate::as_of::AsOf;
use crate::engine::{Engine, Moment, rows};
use crate::lease::{Lease, Moved};
use crate::reads::{
    self, SQL, by_id, by_key, by_origin, export, fetch, kudos, lozenge, meetings, posts, related,
    standing, told,
};
use crate::snapshot::Snapshot;
use crate::{
    Commit, Each, Earned, Guests, Page, PointsAt, PostFilter, Reported, Result, Span, Store,
};

#[async_trait]
impl<E: Engine> Store for E {
    async fn position(&self) -> Result<Position> {
        fetch::position(&self.session()?).await
    }

    async fn last_event(&self) -> Result<Option<(Position, Uuid)>> {
        fetch::last_event(&self.session()?).await
    }

    async fn fetch(&self, touched: &Touched) -> Result<Rows> {
        let moment = self.moment().await?;
        let mut rows = Rows::default();
        fetch::touched(&moment, touched, &mut rows).await?;
        moment.end().await?;
        Ok(rows)
    }

    async fn fetch_for(&self, needs: &Needs, rows: &mut Rows) -> Result<()> {
        if needs.entries.is_empty() && needs.tallies.is_empty() && needs.milestones.is_empty() {
            return Ok(());
        }
        let moment = self.moment().await?;
        fetch::needed(&moment, needs, rows).await?;
        moment.end().await
    }

    async fn commit(&self, rows: &Rows, from: Position, to: Position) -> Result<Commit> {
        Engine::commit(self, rows, from, to).await
    }

    async fn has_erased(&self) -> Result<bool> {
        fetch::has_erased(&self.session()?).await
    }

    async fn lease(&self, moved: Moved<'_>) -> Result<Lease> {
        Engine::lease(self, moved).await
    }

    async fn purge(&self) -> Result<()> {
        Engine::purge(self).await
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(AsOf::begin(self.moment().await?).await?))
    }

    async fn accounts(&self, keys: &[Key]) -> Result<Vec<Account>> {
        by_key(&self.session()?, &SQL.accounts, keys).await
    }

    async fn accounts_by_id(&self, ids: &[AccountId]) -> Result<Vec<Account>> {
        by_id(
            &self.session()?,
            &SQL.accounts_by_id,
            ids.iter().map(|id| id.0).collect(),
        )
        .await
    }

    async fn account_by_origin(&self, origin: &Origin) -> Result<Option<Account>> {
        by_origin(&self.session()?, &SQL.account_by_origin, origin).await
    }

    async fn accounts_of(&self, profiles: &[Key]) -> Result<Vec<Account>> {
        by_key(&self.session()?, &SQL.accounts_of, profiles).await
    }

    async fn about(&self, accounts: &[Key]) -> Result<Vec<About>> {
        by_key(&self.session()?, &SQL.about, accounts).await
    }

    async fn courses_of(&self, accounts: &[Key]) -> Result<Vec<Course>> {
        by_key(&self.session()?, &SQL.courses_of, accounts).await
    }

    async fn certifications_of(&self, accounts: &[Key]) -> Result<Vec<Certification>> {
        by_key(&self.session()?, &SQL.certifications_of, accounts).await
    }

    async fn memberships_of(&self, accounts: &[Key]) -> Result<Vec<Membership>> {
        by_key(&self.session()?, &SQL.memberships_of, accounts).await
    }

    async fn groups(&self, keys: &[Key]) -> Result<Vec<Group>> {
        by_key(&self.session()?, &SQL.groups, keys).await
    }

    async fn groups_by_id(&self, ids: &[GroupId]) -> Result<Vec<Group>> {
        let ids = ids.iter().map(|id| id.0).collect();
        by_id(&self.session()?, &SQL.groups_by_id, ids).await
    }

    async fn group_page(&self, kind: Option<group::Kind>, page: Page) -> Result<Vec<Group>> {
        meetings::group_page(&self.session()?, kind, page).await
    }

    async fn group_count(&self, kind: Option<group::Kind>) -> Result<i64> {
        meetings::group_count(&self.session()?, kind).await
    }

    async fn members(&self, groups: &[Key], page: Page) -> Result<Vec<Membership>> {
        related(&self.session()?, &SQL.members, groups, page).await
    }

    async fn profiles(&self, keys: &[Key]) -> Result<Vec<Profile>> {
        by_key(&self.session()?, &SQL.profiles, keys).await
    }

    async fn profiles_by_id(&self, ids: &[AccountId]) -> Result<Vec<Profile>> {
        by_id(
            &self.session()?,
            &SQL.profiles_by_id,
            ids.iter().map(|id| id.0).collect(),
        )
        .await
    }

    async fn posts(&self, keys: &[Key]) -> Result<Vec<Post>> {
        by_key(&self.session()?, &SQL.posts, keys).await
    }

    async fn posts_by_id(&self, ids: &[PostId]) -> Result<Vec<Post>> {
        by_id(
            &self.session()?,
            &SQL.posts_by_id,
            ids.iter().map(|id| id.0).collect(),
        )
        .await
    }

    async fn post_by_origin(&self, origin: &Origin) -> Result<Option<Post>> {
        by_origin(&self.session()?, &SQL.post_by_origin, origin).await
    }

    async fn bodies(&self, posts: &[Key]) -> Result<Vec<PostBody>> {
        by_key(&self.session()?, &SQL.bodies, posts).await
    }

    async fn post_page(&self, filter: &PostFilter, page: Page) -> Result<Vec<Post>> {
        posts::post_page(&self.session()?, filter, page).await
    }

    async fn post_count(&self, filter: &PostFilter) -> Result<i64> {
        posts::post_count(&self.session()?, filter).await
    }

    async fn replies(&self, parents: &[Key], kind: Kind, page: Page) -> Result<Vec<Post>> {
        posts::replies(&self.session()?, parents, kind, page).await
    }

    async fn posts_of(&self, authors: &[Key], page: Page) -> Result<Vec<Post>> {
        related(&self.session()?, &SQL.posts_of, authors, page).await
    }

    async fn posts_in(&self, groups: &[Key], page: Page) -> Result<Vec<Post>> {
        related(&self.session()?, &SQL.posts_in, groups, page).await
    }

    async fn likes(&self, posts: &[Key], page: Page) -> Result<Vec<Like>> {
        related(&self.session()?, &SQL.likes, posts, page).await
    }

    async fn liked(&self, account: Key, posts: &[Key]) -> Result<Vec<Key>> {
        posts::paired(&self.session()?, &SQL.liked, account, posts).await
    }

    async fn watched(&self, account: Key, posts: &[Key]) -> Result<Vec<Key>> {
        posts::paired(&self.session()?, &SQL.watched, account, posts).await
    }

    async fn leaders_of(&self, groups: &[Key]) -> Result<Vec<Leader>> {
        by_key(&self.session()?, &meetings::SQL.leaders_of, groups).await
    }

    async fn led_by(&self, accounts: &[Key]) -> Result<Vec<Leader>> {
        by_key(&self.session()?, &meetings::SQL.led_by, accounts).await
    }

    async fn applications(&self, keys: &[(GroupId, Key)]) -> Result<Vec<Application>> {
        meetings::applications(&self.session()?, keys).await
    }

    async fn applications_of(&self, accounts: &[Key]) -> Result<Vec<Application>> {
        by_key(&self.session()?, &meetings::SQL.applications_of, accounts).await
    }

    async fn application_page(&self, page: Page) -> Result<Vec<Application>> {
        meetings::application_page(&self.session()?, page).await
    }

    async fn application_count(&self) -> Result<i64> {
        meetings::application_count(&self.session()?).await
    }

    async fn meetings(&self, keys: &[Key]) -> Result<Vec<Meeting>> {
        by_key(&self.session()?, &meetings::SQL.meetings, keys).await
    }

    async fn meetings_by_id(&self, ids: &[MeetingId]) -> Result<Vec<Meeting>> {
        let ids = ids.iter().map(|id| id.0).collect();
        by_id(&self.session()?, &meetings::SQL.meetings_by_id, ids).await
    }

    async fn meeting_page(&self, span: Span, page: Page) -> Result<Vec<Meeting>> {
        meetings::meeting_page(&self.session()?, span, page).await
    }

    async fn meetings_of(&self, groups: &[Key], span: Span, page: Page) -> Result<Vec<Meeting>> {
        meetings::meetings_of(&self.session()?, groups, span, page).await
    }

    async fn meeting_count(&self, groups: &[Key], span: Span) -> Result<Vec<(Key, i64)>> {
        meetings::meeting_count(&self.session()?, groups, span).await
    }

    async fn meetings_with(
        &self,
        accounts: &[Key],
        span: Span,
        page: Page,
    ) -> Result<Vec<Meeting>> {
        meetings::meetings_with(&self.session()?, accounts, span, page).await
    }

    async fn meetings_attended(&self, accounts: &[Key], page: Page) -> Result<Vec<Meeting>> {
        meetings::meetings_attended(&self.session()?, accounts, page).await
    }

    async fn meetings_attended_count(&self, accounts: &[Key]) -> Result<i64> {
        meetings::meetings_attended_count(&self.session()?, accounts).await
    }

    async fn waiting_before(&self, meeting: Key, position: i64) -> Result<i64> {
        meetings::waiting_before(&self.session()?, meeting, position).await
    }

    async fn presentations_to_review(&self, now: Time, page: Page) -> Result<Vec<Presentation>> {
        meetings::presentations_to_review(&self.session()?, now, page).await
    }

    async fn presentations_to_review_count(&self, now: Time) -> Result<i64> {
        meetings::presentations_to_review_count(&self.session()?, now).await
    }

    async fn held_of(&self, groups: &[Key], span: Span) -> Result<Vec<(Key, Time)>> {
        meetings::held_of(&self.session()?, groups, span).await
    }

    async fn last_held(&self, groups: &[Key], before: Time) -> Result<Vec<(Key, Time)>> {
        meetings::last_held(&self.session()?, groups, before).await
    }

    async fn rsvps(&self, meetings: &[Key], state: rsvp::State, page: Page) -> Result<Vec<Rsvp>> {
        meetings::rsvps(&self.session()?, meetings, state, page).await
    }

    async fn guests(&self, keys: &[Key]) -> Result<Vec<(Key, Guests)>> {
        meetings::guests(&self.session()?, keys).await
    }

    async fn rsvps_of(&self, accounts: &[Key], meetings: &[Key]) -> Result<Vec<Rsvp>> {
        meetings::rsvps_of(&self.session()?, accounts, meetings).await
    }

    async fn attendance_of(&self, meetings: &[Key], page: Page) -> Result<Vec<Attendance>> {
        related(
            &self.session()?,
            &meetings::SQL.attendance_of,
            meetings,
            page,
        )
        .await
    }

    async fn attended(&self, accounts: &[Key], meetings: &[Key]) -> Result<Vec<Attendance>> {
        meetings::attended(&self.session()?, accounts, meetings).await
    }

    async fn presentations(&self, keys: &[Key]) -> Result<Vec<Presentation>> {
        by_key(&self.session()?, &meetings::SQL.presentations, keys).await
    }

    async fn presentations_by_id(&self, ids: &[PresentationId]) -> Result<Vec<Presentation>> {
        let ids = ids.iter().map(|id| id.0).collect();
        by_id(&self.session()?, &meetings::SQL.presentations_by_id, ids).await
    }

    async fn presentations_of(&self, meetings: &[Key]) -> Result<Vec<Presentation>> {
        by_key(&self.session()?, &meetings::SQL.presentations_of, meetings).await
    }

    async fn presentations_by(&self, speakers: &[Key]) -> Result<Vec<Presentation>> {
        by_key(&self.session()?, &meetings::SQL.presentations_by, speakers).await
    }

    async fn sponsors_of(&self, meetings: &[Key]) -> Result<Vec<Sponsor>> {
        by_key(&self.session()?, &meetings::SQL.sponsors_of, meetings).await
    }

    async fn benefits(&self, keys: &[Key]) -> Result<Vec<Benefit>> {
        by_key(&self.session()?, &meetings::SQL.benefits, keys).await
    }

    async fn benefits_by_id(&self, ids: &[BenefitId]) -> Result<Vec<Benefit>> {
        let ids = ids.iter().map(|id| id.0).collect();
        by_id(&self.session()?, &meetings::SQL.benefits_by_id, ids).await
    }

    async fn benefits_for(&self, meetings: &[Key]) -> Result<Vec<Benefit>> {
        by_key(&self.session()?, &meetings::SQL.benefits_for, meetings).await
    }

    async fn benefits_of(&self, accounts: &[Key], page: Page) -> Result<Vec<Benefit>> {
        related(&self.session()?, &meetings::SQL.benefits_of, accounts, page).await
    }

    async fn benefit_page(&self, state: benefit::State, page: Page) -> Result<Vec<Benefit>> {
        meetings::benefit_page(&self.session()?, state, page).await
    }

    async fn benefit_count(&self, state: benefit::State) -> Result<i64> {
        meetings::benefit_count(&self.session()?, state).await
    }

    async fn account_by_calendar(&self, hash: &str) -> Result<Option<Account>> {
        meetings::account_by_calendar(&self.session()?, hash).await
    }

    async fn watched_groups(&self, account: Key, groups: &[Key]) -> Result<Vec<Key>> {
        posts::paired(&self.session()?, &SQL.group_watchers, account, groups).await
    }

    async fn reviews(&self, posts: &[Key]) -> Result<Vec<Review>> {
        by_key(&self.session()?, &SQL.reviews, posts).await
    }

    async fn reviews_of(&self, authors: &[Key]) -> Result<Vec<Review>> {
        by_key(&self.session()?, &SQL.reviews_of, authors).await
    }

    async fn review_page(&self, page: Page) -> Result<Vec<Review>> {
        reads::page(&self.session()?, &SQL.review_page, page).await
    }

    async fn review_count(&self) -> Result<i64> {
        told::review_count(&self.session()?).await
    }

    async fn review_places(&self, posts: &[Key]) -> Result<Vec<(Key, i64)>> {
        told::review_places(&self.session()?, posts).await
    }

    async fn reported_page(&self, page: Page) -> Result<Vec<Reported>> {
        told::reported_page(&self.session()?, page).await
    }

    async fn reported_count(&self) -> Result<i64> {
        told::reported_count(&self.session()?).await
    }

    async fn open_reports_of(&self, posts: &[Key]) -> Result<Vec<Report>> {
        told::open_reports_of(&self.session()?, posts).await
    }

    async fn notifications_by_id(&self, ids: &[Uuid]) -> Result<Vec<Notification>> {
        let ids = ids.to_vec();
        by_id(&self.session()?, &SQL.notifications_by_id, ids).await
    }

    async fn notifications_of(
        &self,
        accounts: &[Key],
        unread_after: Option<Time>,
        page: Page,
    ) -> Result<Vec<Notification>> {
        told::notifications_of(&self.session()?, accounts, unread_after, page).await
    }

    async fn notification_count(&self, accounts: &[Key]) -> Result<i64> {
        told::notification_count(&self.session()?, accounts).await
    }

    async fn unread_count(&self, accounts: &[Key], after: Time) -> Result<i64> {
        told::unread_count(&self.session()?, accounts, after).await
    }

    async fn read_marks(&self, accounts: &[Key], notifications: &[Uuid]) -> Result<Vec<ReadMark>> {
        told::read_marks(&self.session()?, accounts, notifications).await
    }

    async fn notifications_after(
        &self,
        accounts: &[Key],
        position: Position,
        limit: u32,
    ) -> Result<Vec<Notification>> {
        let position = position.cast_signed();
        told::notifications_after(&self.session()?, accounts, position, limit).await
    }

    async fn told_after(&self, accounts: &[Key], position: Position) -> Result<Vec<Key>> {
        told::told_after(&self.session()?, accounts, position.cast_signed()).await
    }

    async fn timeline(&self, subjects: &[Key], page: Page) -> Result<Vec<TimelineEntry>> {
        told::timeline(&self.session()?, subjects, page).await
    }

    async fn figures(&self) -> Result<Vec<FigureOfMonth>> {
        rows(&self.session()?, &SQL.figures, &[]).await
    }

    async fn ledger_of(&self, accounts: &[Key], page: Page) -> Result<Vec<LedgerEntry>> {
        related(&self.session()?, &SQL.ledger_of, accounts, page).await
    }

    async fn ledger_count(&self, accounts: &[Key]) -> Result<Vec<(Key, i64)>> {
        kudos::ledger_count(&self.session()?, accounts).await
    }

    async fn points_of(&self, accounts: &[Key]) -> Result<Vec<PointsAt>> {
        kudos::points_of(&self.session()?, accounts).await
    }

    async fn tallies(&self, keys: &[TallyKey]) -> Result<Vec<Tally>> {
        kudos::tallies(&self.session()?, keys).await
    }

    async fn badges_of(&self, accounts: &[Key]) -> Result<Vec<Earned>> {
        kudos::badges_of(&self.session()?, accounts).await
    }

    async fn post_milestones_of(&self, accounts: &[Key]) -> Result<Vec<Earned>> {
        kudos::post_milestones_of(&self.session()?, accounts).await
    }

    async fn badge_awards(
        &self,
        accounts: &[Key],
        badges: &[i64],
        page: Page,
    ) -> Result<Vec<Badge>> {
        kudos::badge_awards(&self.session()?, accounts, badges, page).await
    }

    async fn post_milestone_awards(
        &self,
        accounts: &[Key],
        milestones: &[i64],
        page: Page,
    ) -> Result<Vec<PostMilestone>> {
        kudos::milestone_awards(&self.session()?, accounts, milestones, page).await
    }

    async fn granted_badges_of(&self, accounts: &[Key]) -> Result<Vec<GrantedBadge>> {
        by_key(&self.session()?, &SQL.granted_badges_of, accounts).await
    }

    async fn lozenges_of(&self, accounts: &[Key]) -> Result<Vec<LozengeGrant>> {
        by_key(&self.session()?, &SQL.lozenges_of, accounts).await
    }

    async fn lozenge_requests_of(&self, accounts: &[Key]) -> Result<Vec<LozengeRequest>> {
        by_key(&self.session()?, &SQL.lozenge_requests_of, accounts).await
    }

    async fn lozenge_request_page(&self, page: Page) -> Result<Vec<LozengeRequest>> {
        reads::page(&self.session()?, &SQL.lozenge_request_page, page).await
    }

    async fn lozenge_request_count(&self) -> Result<i64> {
        lozenge::waiting_count(&self.session()?).await
    }

    async fn lozenge_holders(&self, lozenge: &str, page: Page) -> Result<Vec<LozengeGrant>> {
        lozenge::holders(&self.session()?, lozenge, page).await
    }

    async fn lozenge_holder_count(&self, lozenge: &str) -> Result<i64> {
        lozenge::holder_count(&self.session()?, lozenge).await
    }

    async fn acceptances_of(&self, accounts: &[Key]) -> Result<Vec<Acceptance>> {
        by_key(&self.session()?, &SQL.acceptances_of, accounts).await
    }

    async fn gifts_by_id(&self, ids: &[GiftId]) -> Result<Vec<Gift>> {
        let ids = ids.iter().map(|id| id.0).collect();
        by_id(&self.session()?, &SQL.gifts_by_id, ids).await
    }

    async fn gifts_received(&self, accounts: &[Key], page: Page) -> Result<Vec<Gift>> {
        related(&self.session()?, &SQL.gifts_received, accounts, page).await
    }

    async fn gifts_given(
        &self,
        accounts: &[Key],
        viewer: Option<Key>,
        page: Page,
    ) -> Result<Vec<Gift>> {
        kudos::gifts_given(&self.session()?, accounts, viewer, page).await
    }

    async fn gifts_given_count(
        &self,
        accounts: &[Key],
        viewer: Option<Key>,
    ) -> Result<Vec<(Key, i64)>> {
        kudos::gifts_given_count(&self.session()?, accounts, viewer).await
    }

    async fn gifts_given_since(&self, accounts: &[Key], since: Time) -> Result<i64> {
        kudos::gifts_given_since(&self.session()?, accounts, since).await
    }

    async fn waiting(&self, accounts: &[Key]) -> Result<Vec<Waiting>> {
        by_key(&self.session()?, &SQL.waiting, accounts).await
    }

    async fn waiting_page(&self, page: Page) -> Result<Vec<Waiting>> {
        reads::page(&self.session()?, &SQL.waiting_page, page).await
    }

    async fn waiting_count(&self) -> Result<i64> {
        reads::count::<Waiting>(&self.session()?).await
    }

    async fn feedback_page(&self, page: Page) -> Result<Vec<Feedback>> {
        reads::page(&self.session()?, &SQL.feedback_page, page).await
    }

    async fn feedback_count(&self) -> Result<i64> {
        reads::count::<Feedback>(&self.session()?).await
    }

    async fn interactions(&self, from: Time, until: Time, limit: u32) -> Result<Vec<Interaction>> {
        kudos::interactions(&self.session()?, from, until, limit).await
    }

    async fn members_of_all(&self) -> Result<Vec<Member>> {
        kudos::members_of_all(&self.session()?).await
    }

    async fn members_of(&self, accounts: &[Key]) -> Result<Vec<Member>> {
        kudos::members_of(&self.session()?, accounts).await
    }

    async fn standing(&self) -> Result<(Position, Position)> {
        standing::standing(&self.session()?).await
    }

    async fn each_entry(&self, after: Key, each: Each<'_, LedgerEntry>) -> Result<Position> {
        let moment = self.moment().await?;
        let position = export::entries(&moment, after, each).await?;
        moment.end().await?;
        Ok(position)
    }
}
