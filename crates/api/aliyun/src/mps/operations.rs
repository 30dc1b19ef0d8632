//! Every documented action of this product: served, or refused with a reason.
//!
//! Served rows hold what limits, policies and documentation need to know of an action. Which parameters an action knows
//! is decided where it is read; others are ignored, as the vendor's gateway does, and so are `OwnerId` and its kin.

/// How an action is protected by policies. No action of this product names resources: it is all or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Write,
    Read,
    List,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    Served(Served),
    /// With the reason for the caller.
    Refused(&'static str),
}

/// A served action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    pub access: Access,
    /// Calls a second for an account with all its users.
    pub calls_per_second: u32,
    /// Codes it can answer beside those that every action shares. Codes inside the results of a submission or inside
    /// failed jobs are not among them.
    pub errors: &'static [&'static str],
}

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub action: &'static str,
    pub handling: Handling,
}

impl Row {
    /// The action's name in policies.
    pub fn policy_action(&self) -> String {
        format!("mts:{}", self.action)
    }

    /// The action's page in the vendor's documentation.
    pub fn documentation(&self) -> String {
        let page = self.action.to_ascii_lowercase();
        format!(
            "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-{page}"
        )
    }
}

/// Looks an action up; names are case-sensitive.
pub fn find(action: &str) -> Option<&'static Row> {
    let at = ROWS.binary_search_by(|row| row.action.cmp(action)).ok()?;
    ROWS.get(at)
}

/// All actions of the version, by name.
pub fn all() -> &'static [Row] {
    ROWS
}

const fn served(action: &'static str, access: Access, errors: &'static [&'static str]) -> Row {
    // Every action that is served has the same documented limit.
    let calls_per_second = 100;
    Row {
        action,
        handling: Handling::Served(Served {
            access,
            calls_per_second,
            errors,
        }),
    }
}

const fn refused(action: &'static str, reason: &'static str) -> Row {
    Row {
        action,
        handling: Handling::Refused(reason),
    }
}

const TEMPLATES: &str =
    "Custom templates are not served yet: use a preset template and override it in Outputs.";
const WATERMARKS: &str = "Watermark templates are not served yet.";
const SNAPSHOTS: &str = "Snapshot jobs are not served yet.";
const MEDIA_INFO: &str = "Media information jobs are not served yet.";
const ANALYSIS: &str = "Template analysis is not served: use static preset templates.";
const FINGERPRINTS: &str = "Media fingerprints are not served yet.";
const WORKFLOWS: &str = "Media workflows are not served: submit jobs with SubmitJobs.";
const BUCKETS: &str =
    "Buckets need no binding: every bucket of the account can be read and written.";
const LIBRARY: &str = "The media library is not served: files are named by bucket and object.";
const CENSORSHIP: &str = "Content moderation is not part of Reelgate.";
const TAGGING: &str = "Smart tagging is not part of Reelgate.";
const COPYRIGHT: &str = "Copyright watermarking and tracing are not part of Reelgate.";
const PRODUCTION: &str = "Intelligent production is not part of Reelgate.";

#[rustfmt::skip] // One row a line, so that the table can be read as one.
const ROWS: &[Row] = &[
    refused("ActivateMediaWorkflow", WORKFLOWS),
    refused("AddMedia", LIBRARY),
    refused("AddMediaTag", LIBRARY),
    refused("AddMediaWorkflow", WORKFLOWS),
    served("AddPipeline", Access::Write, &[
        "MissingName", "InvalidParameter.EmptyValue", "InvalidParameter.OutOfRange",
        "InvalidParameter", "InvalidParameter.NotSupported", "InvalidParameter.JsonFormatInvalid",
        "InvalidParameter.JsonObjectFormatInvalid", "InvalidParameter.NumberFormatInvalid",
    ]),
    refused("AddSmarttagTemplate", TAGGING),
    refused("AddTemplate", TEMPLATES),
    refused("AddWaterMarkTemplate", WATERMARKS),
    refused("BindInputBucket", BUCKETS),
    refused("BindOutputBucket", BUCKETS),
    served("CancelJob", Access::Write, &[
        "MissingJobId", "InvalidParameter.EmptyValue", "InvalidParameter.UUIDFormatInvalid",
        "InvalidParameter.ResourceNotFound", "PermissionDenied.JobInRunning",
        "PermissionDenied.JobInComplete", "PermissionDenied.JobInFailure",
        "InvalidParameter.InvalidState",
    ]),
    refused("CreateCustomEntity", TAGGING),
    refused("CreateCustomGroup", TAGGING),
    refused("CreateFpShotDB", FINGERPRINTS),
    refused("DeactivateMediaWorkflow", WORKFLOWS),
    refused("DeleteCustomEntity", TAGGING),
    refused("DeleteCustomGroup", TAGGING),
    refused("DeleteCustomView", TAGGING),
    refused("DeleteMedia", LIBRARY),
    refused("DeleteMediaTag", LIBRARY),
    refused("DeleteMediaWorkflow", WORKFLOWS),
    served("DeletePipeline", Access::Write, &[
        "MissingPipelineId", "InvalidParameter.EmptyValue", "InvalidParameter.UUIDFormatInvalid",
        "InvalidParameter.ResourceNotFound", "PermissionDenied.PipelineInUse",
    ]),
    refused("DeleteSmarttagTemplate", TAGGING),
    refused("DeleteTemplate", TEMPLATES),
    refused("DeleteWaterMarkTemplate", WATERMARKS),
    refused("ImAudit", CENSORSHIP),
    refused("ImportFpShotJob", FINGERPRINTS),
    refused("ListAllMediaBucket", BUCKETS),
    refused("ListCustomEntities", TAGGING),
    refused("ListCustomGroups", TAGGING),
    refused("ListCustomPersons", TAGGING),
    refused("ListCustomViews", TAGGING),
    refused("ListFpShotDB", FINGERPRINTS),
    refused("ListFpShotFiles", FINGERPRINTS),
    refused("ListFpShotImportJob", FINGERPRINTS),
    served("ListJob", Access::List, &[
        "InvalidParameter.InvalidState", "InvalidParameter.Format",
        "InvalidParameter.UUIDFormatInvalid", "InvalidParameter.NumberFormatInvalid",
        "InvalidParameter.OutOfRange",
    ]),
    refused("ListMediaWorkflowExecutions", WORKFLOWS),
    refused("QueryAnalysisJobList", ANALYSIS),
    refused("QueryCopyrightExtractJob", COPYRIGHT),
    refused("QueryCopyrightJob", COPYRIGHT),
    refused("QueryFpDBDeleteJobList", FINGERPRINTS),
    refused("QueryFpFileDeleteJobList", FINGERPRINTS),
    refused("QueryFpShotJobList", FINGERPRINTS),
    refused("QueryIProductionJob", PRODUCTION),
    served("QueryJobList", Access::Read, &[
        "InvalidParameter", "InvalidParameter.EmptyValue", "InvalidParameter.UUIDFormatInvalid",
        "InvalidParameter.ListSizeExceed",
    ]),
    refused("QueryMediaCensorJobDetail", CENSORSHIP),
    refused("QueryMediaCensorJobList", CENSORSHIP),
    refused("QueryMediaInfoJobList", MEDIA_INFO),
    refused("QueryMediaList", LIBRARY),
    refused("QueryMediaListByURL", LIBRARY),
    refused("QueryMediaWorkflowExecutionList", WORKFLOWS),
    refused("QueryMediaWorkflowList", WORKFLOWS),
    served("QueryPipelineList", Access::Read, &[
        "MissingPipelineIds", "InvalidParameter.EmptyValue", "InvalidParameter.UUIDFormatInvalid",
        "InvalidParameter.ListSizeExceed",
    ]),
    refused("QuerySmarttagJob", TAGGING),
    refused("QuerySmarttagTemplateList", TAGGING),
    refused("QuerySnapshotJobList", SNAPSHOTS),
    served("QueryTemplateList", Access::Read, &[
        "MissingTemplateIds", "InvalidParameter.EmptyValue", "InvalidParameter.ListSizeExceed",
    ]),
    refused("QueryTraceAbJob", COPYRIGHT),
    refused("QueryTraceExtractJob", COPYRIGHT),
    refused("QueryTraceM3u8Job", COPYRIGHT),
    refused("QueryWaterMarkTemplateList", WATERMARKS),
    refused("RegisterCustomFace", TAGGING),
    refused("RegisterCustomView", TAGGING),
    refused("SearchMediaWorkflow", WORKFLOWS),
    served("SearchPipeline", Access::List, &[
        "InvalidParameter.InvalidState", "InvalidParameter.NumberFormatInvalid",
        "InvalidParameter.OutOfRange",
    ]),
    served("SearchTemplate", Access::List, &[
        "InvalidParameter.InvalidState", "InvalidParameter.NumberFormatInvalid",
        "InvalidParameter.OutOfRange",
    ]),
    refused("SearchWaterMarkTemplate", WATERMARKS),
    refused("SubmitAnalysisJob", ANALYSIS),
    refused("SubmitCopyrightExtractJob", COPYRIGHT),
    refused("SubmitCopyrightJob", COPYRIGHT),
    refused("SubmitFpDBDeleteJob", FINGERPRINTS),
    refused("SubmitFpFileDeleteJob", FINGERPRINTS),
    refused("SubmitFpShotJob", FINGERPRINTS),
    refused("SubmitIProductionJob", PRODUCTION),
    refused("SubmitImageCopyright", COPYRIGHT),
    served("SubmitJobs", Access::Write, &[
        "MissingInput", "MissingOutputBucket", "MissingOutputs", "MissingPipelineId",
        "InvalidParameter.NullValue", "InvalidParameter.EmptyValue",
        "InvalidParameter.UUIDFormatInvalid", "InvalidParameter.JsonFormatInvalid",
        "InvalidParameter.JsonObjectFormatInvalid", "InvalidParameter.JsonArrayFormatInvalid",
        "InvalidParameter.ListSizeExceed", "InvalidParameter.BucketNameInvalid",
        "InvalidParameter.ObjectKeyInvalid", "InvalidParameter.ResourceNotFound",
        "InvalidParameter.NotSupported",
    ]),
    refused("SubmitMediaCensorJob", CENSORSHIP),
    refused("SubmitMediaInfoJob", MEDIA_INFO),
    refused("SubmitSmarttagJob", TAGGING),
    refused("SubmitSnapshotJob", SNAPSHOTS),
    refused("SubmitTraceAbJob", COPYRIGHT),
    refused("SubmitTraceExtractJob", COPYRIGHT),
    refused("SubmitTraceM3u8Job", COPYRIGHT),
    refused("TagCustomPerson", TAGGING),
    refused("UnbindInputBucket", BUCKETS),
    refused("UnbindOutputBucket", BUCKETS),
    refused("UnregisterCustomFace", TAGGING),
    refused("UpdateMedia", LIBRARY),
    refused("UpdateMediaCategory", LIBRARY),
    refused("UpdateMediaCover", LIBRARY),
    refused("UpdateMediaPublishState", LIBRARY),
    refused("UpdateMediaWorkflow", WORKFLOWS),
    refused("UpdateMediaWorkflowTriggerMode", WORKFLOWS),
    served("UpdatePipeline", Access::Write, &[
        "MissingPipelineId", "MissingName", "MissingState", "InvalidParameter.EmptyValue",
        "InvalidParameter.OutOfRange", "InvalidParameter", "InvalidParameter.UUIDFormatInvalid",
        "InvalidParameter.InvalidState", "InvalidParameter.ResourceNotFound",
        "InvalidParameter.NotSupported", "InvalidParameter.JsonFormatInvalid",
        "InvalidParameter.JsonObjectFormatInvalid",
    ]),
    refused("UpdateSmarttagTemplate", TAGGING),
    refused("UpdateTemplate", TEMPLATES),
    refused("UpdateWaterMarkTemplate", WATERMARKS),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mps::shapes;

    #[test]
    fn the_table_holds_exactly_the_documented_actions() {
        let documented = shapes::actions();
        let table: Vec<_> = all().iter().map(|row| row.action.to_owned()).collect();
        assert_eq!(documented.len(), 97);
        assert_eq!(table, documented);
    }

    #[test]
    fn every_row_is_found_by_its_name() {
        for row in all() {
            assert_eq!(find(row.action), Some(row));
        }
        assert_eq!(find("canceljob"), None);
    }

    #[test]
    fn a_row_knows_its_names_elsewhere() {
        let row = find("CancelJob").unwrap();
        assert_eq!(row.policy_action(), "mts:CancelJob");
        assert!(
            row.documentation()
                .ends_with("/api-mts-2014-06-18-canceljob")
        );
    }

    #[test]
    fn reasons_are_sentences() {
        for row in all() {
            if let Handling::Refused(reason) = row.handling {
                assert!(reason.ends_with('.') && reason.len() > 20, "{}", row.action);
            }
        }
    }
}
