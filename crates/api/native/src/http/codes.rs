//! Every code this API answers, with its status and what to do: the one table that problems are made from.

use http::StatusCode;
use reelgate_api_kit::operation::ErrorCode;

// A macro so that a code cannot be answered without a row: each variant of `Code` is one.
macro_rules! codes {
    ($($table:ident: $doc:literal {
        $($name:ident = $status:literal $code:literal, $meaning:literal, $advice:literal;)*
    })*) => {
        /// A code of this API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $($($name,)*)*
        }

        impl Code {
            /// What the table says of it.
            pub(crate) const fn row(self) -> &'static ErrorCode {
                match self {
                    $($(Self::$name => &ErrorCode {
                        code: $code,
                        status: $status,
                        meaning: $meaning,
                        advice: $advice,
                    },)*)*
                }
            }
        }

        $(
            #[doc = $doc]
            pub(crate) const $table: &[ErrorCode] = &[$(*Code::$name.row()),*];
        )*
    };
}

codes! {
    SHARED: "What any call may be answered." {
        InvalidJson = 400 "invalid_json",
            "The body is not JSON.",
            "Send one JSON object in UTF-8, uncompressed and nested at most 128 levels.";
        InvalidRequest = 400 "invalid_request",
            "A value cannot be used; field names the one that is wrong.",
            "Correct the field or query parameter as detail says and call again.";
        MalformedRequest = 400 "malformed_request",
            "What was sent is no HTTP.",
            "Use an HTTP/1.1 client.";
        UnknownField = 400 "unknown_field",
            "The body has a member that means nothing; field names it.",
            "Leave the member out, or correct its name.";
        Unauthenticated = 401 "unauthenticated",
            "The call has no API key, or one that is not valid, was disabled or deleted.",
            "Send Authorization: Bearer with a valid key; GET /keys lists an account's keys.";
        Forbidden = 403 "forbidden",
            "The caller's policies do not allow the action, or it is for operators.",
            "Attach a policy that allows the action on the resource that detail names.";
        NoSuchRoute = 404 "no_such_route",
            "The path is none of this API's.",
            "Look the path up in docs/api.md.";
        MethodNotAllowed = 405 "method_not_allowed",
            "The path has no such method.",
            "Use one of the methods that the header Allow lists.";
        IdempotencyKeyDone = 409 "idempotency_key_done",
            "The call with this Idempotency-Key was made, and cannot be answered as then; member made names what it made.",
            "Use what made names. Where a secret was lost with the first answer, rotate it or make another thing with another key.";
        TooSlow = 408 "too_slow",
            "The body did not arrive within 30 s.",
            "Send it faster, or over a better connection.";
        TooLarge = 413 "too_large",
            "A body or an object is over its limit.",
            "Send less; the limit on objects is the server's --max-object-bytes.";
        AddressTooLong = 414 "address_too_long",
            "The address is over 64 KiB.",
            "Ask with fewer or shorter query parameters.";
        IdempotencyKeyReused = 422 "idempotency_key_reused",
            "The Idempotency-Key came with another request before: another method, path, query or body.",
            "Use a new key for each call, and repeat a call as it was.";
        Throttled = 429 "throttled",
            "The account has called the action more often than its limit allows, or too many calls from the address failed.",
            "Wait for the seconds in Retry-After, then call again.";
        HeadTooLarge = 431 "head_too_large",
            "Address and headers are over 192 KiB, or there are over 100 headers.",
            "Send fewer or shorter headers.";
        InternalError = 500 "internal_error",
            "Something failed that is not the caller's fault.",
            "Look for the request id in the server's log.";
        IdempotencyKeyNotSupported = 501 "idempotency_key_not_supported",
            "The call has the header Idempotency-Key, and what it changes is kept where no key can be kept with it.",
            "Leave the header out, and look at what the call would change before repeating it.";
        Unavailable = 503 "unavailable",
            "The store does not answer at the moment, or there is no room for so many large bodies.",
            "Try again after the seconds in Retry-After.";
    }
    OWN: "What some calls may be answered beside those." {
        Denied = 403 "denied",
            "What is asked for is for operators or the account itself, or an object leaves its bucket by a link.",
            "Ask an operator, or remove the link from the bucket's directory.";
        NotFound = 404 "not_found",
            "The thing does not exist in the caller's account.",
            "Check its name or id, and that the key belongs to the right account.";
        CancelRefused = 409 "cancel_refused",
            "The job's state refuses the cancel; member state says which it is.",
            "Nothing: what the job does now cannot be stopped in this way.";
        Conflict = 409 "conflict",
            "The state of the thing forbids it, such as a name that is taken.",
            "Change the state that detail names, or choose another name.";
        DeleteRefused = 409 "delete_refused",
            "The job has not ended; member state says which state it is in.",
            "Cancel the job or wait for its end, then delete it.";
        NoMatches = 409 "no_matches",
            "The job has found nothing to tell of: it is of another kind, searches nothing, or has not succeeded; members kind and state say which.",
            "Ask for the matches of a fingerprint job that searches, once it has succeeded.";
        NoQuality = 409 "no_quality",
            "The job has no output that was measured, or has not succeeded; members kind and state say which.",
            "Submit jobs with measure_quality, and ask once they have succeeded.";
        RetryRefused = 409 "retry_refused",
            "The job has not failed, or its pipeline was deleted; member state says which state it is in.",
            "Submit the job anew.";
        EventsPruned = 410 "events_pruned",
            "Events after the place asked for have been removed, as they were kept for long enough.",
            "Begin with the oldest that are left (0) and look at the jobs for what was missed.";
        MatchesGone = 410 "matches_gone",
            "The document that a fingerprint job wrote was deleted or replaced.",
            "Submit the job anew.";
        QualityGone = 410 "quality_gone",
            "A document of what was measured of an output was deleted or replaced.",
            "Submit the job anew.";
        RangeNotSatisfiable = 416 "range_not_satisfiable",
            "The range lies outside the object.",
            "Ask for bytes within the length that Content-Range gives.";
        HeaderNotSupported = 501 "header_not_supported",
            "A PUT has If-Match, If-None-Match, Content-Range or Content-Encoding.",
            "Store the whole object without the header.";
        StorageFull = 507 "storage_full",
            "No space is left for it on the server's disk.",
            "Make room: cancel or delete what fills the disk, or add to it.";
    }
}

impl Code {
    pub(crate) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().status).expect("a table of literals has valid statuses")
    }

    pub(crate) const fn word(self) -> &'static str {
        self.row().code
    }
}
