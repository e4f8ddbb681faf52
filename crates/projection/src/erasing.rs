//! Taking away what was erased from the rows of a batch: what events told before, and what odd ones
//! tell later. What isn't here the store takes away (`Store::commit`).

use crate::benefit::Benefit;
use crate::post::{Post, PostBody};
use crate::presentation::Presentation;
use crate::row::{Key, List};
use crate::rows::Rows;

impl Rows {
    /// Takes all away that says whose an account is, once the batch is finished.
    pub(crate) fn erase_identity_of(&mut self, account: Key) {
        self.erased_owners.insert(account);
    }

    /// Takes all titles and texts of an account away, once the batch is finished.
    pub(crate) fn erase_content_of(&mut self, author: Key) {
        self.erased_authors.insert(author);
    }

    pub(crate) fn erase(&mut self) {
        if !self.erased_owners.is_empty() {
            self.erase_identities();
        }
        if !self.erased_authors.is_empty() {
            self.erase_content();
        }
    }

    fn erase_identities(&mut self) {
        let is_erased = |account: &Key| self.erased_owners.contains(account);
        // All of them are here: see `Touched`.
        self.lozenges.remove_all(|it| is_erased(&it.account));
        let requests = &mut self.lozenge_requests;
        requests.remove_all(|it| is_erased(&it.account));
        let benefits = self.benefits.those(|benefit| is_erased(&benefit.account));
        benefits.for_each(Benefit::erase);
        self.sponsors
            .each_mut(|sponsor| is_erased(&sponsor.account) && sponsor.company.take().is_some());
        for told in &mut self.notifications {
            if is_erased(&told.account) {
                told.note = None;
            }
        }
    }

    fn erase_content(&mut self) {
        let is_erased = |author: &Key| self.erased_authors.contains(author);
        let theirs = |post: &Post| post.author.as_ref().is_some_and(is_erased);
        for post in self.posts.those(theirs) {
            post.title = None;
            for tag in post.tags.to_vec() {
                self.tags.remove(post.tag(tag));
            }
            post.tags = List::new(&[]);
            self.bodies.push(PostBody {
                post: post.key,
                body: None,
            });
        }
        self.applications.each_mut(|application| {
            let gone = is_erased(&application.account);
            if gone {
                application.erase();
            }
            gone
        });
        let theirs = |presentation: &Presentation| is_erased(&presentation.speaker);
        let presentations = self.presentations.those(theirs);
        presentations.for_each(Presentation::erase);
        for gift in self.gifts.iter_mut().filter(|gift| is_erased(&gift.giver)) {
            gift.message = None;
        }
        for feedback in self.feedback.iter_mut().filter(|it| is_erased(&it.account)) {
            feedback.text = None;
        }
        self.reports
            .each_mut(|report| is_erased(&report.account) && report.comment.take().is_some());
        self.reviews.each_mut(|review| {
            let gone = review.author.as_ref().is_some_and(is_erased);
            if gone {
                review.reason = None;
                review.deleted = true;
            }
            gone
        });
    }
}
