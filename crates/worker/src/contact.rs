//! Whether the store answers the claim loop, and since when.

use std::time::Duration;

use reelgate_domain::Timestamp;

/// The claim loop's contact with the store.
#[derive(Debug)]
pub(crate) struct Contact {
    /// When the store last answered.
    heard_at: Timestamp,
    is_lost: bool,
    /// Leases are left alone until then.
    patient_until: Timestamp,
}

/// What one answer of the store says about the contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    AsBefore,
    /// It answers again, after having been away for so long.
    Again(Duration),
}

impl Contact {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            heard_at: now,
            is_lost: false,
            patient_until: now,
        }
    }

    /// The store has answered. After a silence `unusual` or longer, in which leases may have run out because nobody
    /// could renew them, or in which this process stood still, `patience` is given to those whose jobs go on to say so.
    pub(crate) fn heard(&mut self, now: Timestamp, unusual: Duration, patience: Duration) -> Heard {
        let silence = now.since(self.heard_at);
        self.heard_at = now;
        if silence >= unusual {
            self.patient_until = now.after(patience);
        }
        match std::mem::take(&mut self.is_lost) {
            true => Heard::Again(silence),
            false => Heard::AsBefore,
        }
    }

    /// The store has not answered; whether that is new.
    pub(crate) fn lost(&mut self) -> bool {
        !std::mem::replace(&mut self.is_lost, true)
    }

    /// How long leases that have run out are left alone yet.
    pub(crate) fn patience(&self, now: Timestamp) -> Option<Duration> {
        (now < self.patient_until).then(|| self.patient_until.since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNUSUAL: Duration = Duration::from_secs(15);
    const PATIENCE: Duration = Duration::from_secs(5);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_763_712_000_000).after(Duration::from_secs(seconds))
    }

    #[test]
    fn after_a_long_silence_leases_are_left_alone_for_a_while() {
        let mut contact = Contact::new(at(0));
        assert_eq!(contact.heard(at(1), UNUSUAL, PATIENCE), Heard::AsBefore);
        assert_eq!(contact.patience(at(1)), None);
        assert!(contact.lost());
        assert!(!contact.lost());
        let back = contact.heard(at(60), UNUSUAL, PATIENCE);
        assert_eq!(back, Heard::Again(Duration::from_secs(59)));
        assert_eq!(contact.patience(at(61)), Some(Duration::from_secs(4)));
        assert_eq!(contact.heard(at(65), UNUSUAL, PATIENCE), Heard::AsBefore);
        assert_eq!(contact.patience(at(65)), None);
    }

    /// A process that was stopped for longer than its leases last swept them itself when it woke.
    #[test]
    fn a_process_that_stood_still_is_patient_too() {
        let mut contact = Contact::new(at(0));
        assert_eq!(contact.heard(at(40), UNUSUAL, PATIENCE), Heard::AsBefore);
        assert!(contact.patience(at(40)).is_some());
    }

    #[test]
    fn a_short_silence_changes_nothing() {
        let mut contact = Contact::new(at(0));
        assert!(contact.lost());
        let back = contact.heard(at(3), UNUSUAL, PATIENCE);
        assert_eq!(back, Heard::Again(Duration::from_secs(3)));
        assert_eq!(contact.patience(at(3)), None);
    }
}
