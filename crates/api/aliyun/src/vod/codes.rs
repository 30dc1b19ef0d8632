//! The codes of this product: status, meaning and advice, for the answers and for the error centre alike.
//!
//! Codes and statuses are those of the vendor's metadata; "ours" marks what that does not have.

use reelgate_api_kit::operation::{ErrorCode, row};

/// The codes of this product.
pub(crate) const ROWS: &[ErrorCode] = &{
    let mut rows = [Code::ALL[0].row(); Code::ALL.len()];
    let mut at = 0;
    while at < Code::ALL.len() {
        rows[at] = Code::ALL[at].row();
        at += 1;
    }
    rows
};

/// A code of this product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    MissingParameter,
    Invalid,
    /// With the parameter's name behind it.
    InvalidNamed,
    SessionId,
    VideoNotFound,
    FileNotFound,
    NoneStream,
    /// A video cannot be played or read as it is.
    IllegalStatus,
    /// The same of what is to be made of one, with another status.
    IllegalStatusOfSource,
    VideoListExceeded,
    VideoIdsExceeded,
    SortByExceeded,
    MatchSyntax,
    ScrollToken,
    DeleteVideoFailed,
    NoSuchResource,
    GroupNotFound,
    StorageNotFound,
    GroupLocked,
    GroupSpecial,
    GroupDefault,
    GroupsExceeded,
    TemplatesExceeded,
    CategoryNotFound,
    CategoryExceeded,
    ReferenceTaken,
    Changed,
    /// The last one: the list below is as long as its number says.
    CallbackNotFound,
}

impl Code {
    const ALL: [Self; Self::CallbackNotFound as usize + 1] = [
        Self::MissingParameter,
        Self::Invalid,
        Self::InvalidNamed,
        Self::SessionId,
        Self::VideoNotFound,
        Self::FileNotFound,
        Self::NoneStream,
        Self::IllegalStatus,
        Self::IllegalStatusOfSource,
        Self::VideoListExceeded,
        Self::VideoIdsExceeded,
        Self::SortByExceeded,
        Self::MatchSyntax,
        Self::ScrollToken,
        Self::DeleteVideoFailed,
        Self::NoSuchResource,
        Self::GroupNotFound,
        Self::StorageNotFound,
        Self::GroupLocked,
        Self::GroupSpecial,
        Self::GroupDefault,
        Self::GroupsExceeded,
        Self::TemplatesExceeded,
        Self::CategoryNotFound,
        Self::CategoryExceeded,
        Self::ReferenceTaken,
        Self::Changed,
        Self::CallbackNotFound,
    ];

    pub(crate) const fn row(self) -> ErrorCode {
        match self {
            Self::MissingParameter => row(
                "MissingParameter",
                400,
                "A parameter that the call needs is absent or empty.",
                "Send the parameter that the message names, or one of them.",
            ),
            Self::Invalid => row(
                "InvalidParameter",
                400,
                "A parameter, or a member of one that is JSON, is invalid or not served.",
                "Correct what the message names; docs/dialects/aliyun-vod.md says what is served.",
            ),
            Self::InvalidNamed => row(
                "InvalidParameter.{Name}",
                400,
                "The named parameter is invalid: its form, its range or its number of items.",
                "Correct the parameter; docs/dialects/aliyun-vod.md has the limits.",
            ),
            // Ours: the vendor says that there is an error and not which.
            Self::SessionId => row(
                "AlreadyExist.SessionId",
                409,
                "A call with this SessionId was made a short while ago.",
                "Use another SessionId, or none if the call is meant to be made again.",
            ),
            Self::VideoNotFound => row(
                "InvalidVideo.NotFound",
                404,
                "The video does not exist in this account.",
                "Check the id, and that the key is of the account that has the video.",
            ),
            Self::FileNotFound => row(
                "InvalidFile.NotFound",
                404,
                "The video's file is not there, or has not been looked at yet.",
                "Wait until the upload has ended; see GetURLUploadInfos if it failed.",
            ),
            Self::NoneStream => row(
                "InvalidVideo.NoneStream",
                404,
                "The video has no stream that fits what is asked for.",
                "Ask for other formats or definitions, or transcode the video.",
            ),
            Self::IllegalStatus => row(
                "Forbidden.IllegalStatus",
                403,
                "The video cannot be played in its state.",
                "Wait until its status is Normal.",
            ),
            Self::IllegalStatusOfSource => row(
                "Forbidden.IllegalStatus",
                400,
                "Nothing can be made of the video in its state.",
                "Wait until its file is there; see GetVideoInfo.",
            ),
            Self::VideoListExceeded => row(
                "VideoListExceededMax",
                400,
                "The page lies behind the 5,000 videos that a listing shows.",
                "Narrow the listing by time or category.",
            ),
            Self::VideoIdsExceeded => row(
                "VideoIdsExceededMax",
                400,
                "The call names more than 20 videos.",
                "Split the call into several.",
            ),
            Self::SortByExceeded => row(
                "SortByExceededMax",
                400,
                "SortBy names more than 3 fields.",
                "Sort by fewer fields.",
            ),
            Self::MatchSyntax => row(
                "ErrorMatchSyntax",
                400,
                "Match cannot be read, or asks by what is not served.",
                "Correct it; docs/dialects/aliyun-vod.md has the grammar.",
            ),
            Self::ScrollToken => row(
                "InvalidScrollToken.Expired",
                400,
                "ScrollToken is none, or not one of this search.",
                "Search again from the first page.",
            ),
            Self::DeleteVideoFailed => row(
                "DeleteVideoFailed",
                503,
                "A file of the video could not be deleted.",
                "Try again: what was deleted stays deleted, and the video is there until all is.",
            ),
            Self::NoSuchResource => row(
                "NoSuchResource",
                404,
                "The thing that the message names does not exist in this account.",
                "Check its id or name.",
            ),
            Self::GroupNotFound => row(
                "InvalidTranscodeTemplateGroup.NotFound",
                404,
                "The transcode template group does not exist in this account.",
                "See ListTranscodeTemplateGroup.",
            ),
            Self::StorageNotFound => row(
                "InvalidStorage.NotFound",
                404,
                "StorageLocation names no bucket of this account.",
                "Make the bucket, or name one that there is.",
            ),
            Self::GroupLocked => row(
                "Forbidden.LockedTemplateGroup",
                403,
                "The transcode template group is locked.",
                "Unlock it by UpdateTranscodeTemplateGroup with Locked=Disabled.",
            ),
            Self::GroupSpecial => row(
                "Forbidden.SpecialTemplateGroup",
                403,
                "VOD_NO_TRANSCODE cannot be changed.",
                "Make a group of your own.",
            ),
            Self::GroupDefault => row(
                "Forbidden.DefaultTemplateGroup",
                403,
                "The default transcode template group cannot be deleted.",
                "Make another group the default first.",
            ),
            // The vendor's own spelling.
            Self::GroupsExceeded => row(
                "TrasncodeTemplateGroupExceededMax",
                400,
                "The account has 20 transcode template groups, as many as it may have.",
                "Delete one first.",
            ),
            Self::TemplatesExceeded => row(
                "TranscodeTemplateExceededMax",
                400,
                "The group would have more than 20 templates.",
                "Use another group for some of them.",
            ),
            // Ours, like the next three.
            Self::CategoryNotFound => row(
                "InvalidCategory.NotFound",
                404,
                "The category does not exist in this account.",
                "See GetCategories.",
            ),
            Self::CategoryExceeded => row(
                "LimitExceeded.Category",
                400,
                "There are as many categories as there may be here, or they are as deep.",
                "Delete one first, or use one that is further up.",
            ),
            Self::ReferenceTaken => row(
                "AlreadyExist.ReferenceId",
                409,
                "Another video of the account has this ReferenceId.",
                "Use another one.",
            ),
            Self::Changed => row(
                "OperationConflict",
                409,
                "Another call has changed the same thing in this very moment.",
                "Look at it and try again.",
            ),
            Self::CallbackNotFound => row(
                "InvalidMessageCallback.NotFound",
                404,
                "No callback is set.",
                "Set one by SetMessageCallback.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_a_row() {
        for (at, code) in Code::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, at, "{code:?}");
        }
    }
}
