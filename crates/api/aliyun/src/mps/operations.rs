//! Every documented action of this product: served, or refused with a reason.
//!
//! Which parameters an action knows is decided where it is read; others are ignored, as the vendor's gateway does, and so
//! are `OwnerId` and its kin. No action of this product names resources in policies: each is allowed on all or not at all.

use reelgate_api_kit::operation::{
    AccessLevel, Change, Handling, Operation, Permission, Product, Served,
};
use reelgate_domain::access::{CallLimit, Period};

use super::codes;
use crate::rpc::codes::SHARED;

/// The product's table.
pub static PRODUCT: Product = Product {
    name: "Mts",
    title: "ApsaraVideo Media Processing",
    version: "2014-06-18",
    ram_code: "mts",
    policy_name: "AliyunMTS",
    dialect: crate::DIALECT,
    operations: ROWS,
    errors: codes::ROWS,
    shared_errors: SHARED,
};

/// What most rows have in common. The vendor documents the same limit for most actions that are served.
const SERVED: Served = Served {
    access: AccessLevel::Read,
    resources: &[],
    permission: Permission::Needed,
    condition_keys: &[],
    associated: &[],
    limit: Some(CallLimit {
        calls: 100,
        per: Period::Second,
    }),
    errors: &[],
    documentation: "",
    history: &[
        Change {
            date: "2026-11-21",
            what: "First served.",
        },
        Change {
            date: "2026-11-21",
            what: "RAM policies, security tokens and the documented call limit apply; replays are refused after a \
                   restart, too.",
        },
    ],
};

/// What the rows of the fingerprint family have in common. Their limits differ; of one action none is documented.
const FINGERPRINTS: Served = Served {
    history: &[Change {
        date: "2026-11-22",
        what: "First served.",
    }],
    ..SERVED
};

/// What the rows of templates that an account keeps have in common.
const SINCE_TEMPLATES: Served = Served {
    history: &[Change {
        date: "2026-11-22",
        what: "First served.",
    }],
    ..SERVED
};

const fn per_second(calls: u32) -> Option<CallLimit> {
    Some(CallLimit {
        calls,
        per: Period::Second,
    })
}

const fn served(action: &'static str, served: Served) -> Operation {
    Operation {
        action,
        handling: Handling::Served(served),
    }
}

const fn refused(action: &'static str, reason: &'static str) -> Operation {
    Operation {
        action,
        handling: Handling::Refused(reason),
    }
}

const WORKFLOWS: &str = "Media workflows are not served: submit jobs with SubmitJobs.";
const BUCKETS: &str =
    "Buckets need no binding: every bucket of the account can be read and written.";
const LIBRARY: &str = "The media library is not served: files are named by bucket and object.";
const CENSORSHIP: &str = "Content moderation is not part of Reelgate.";
const TAGGING: &str = "Smart tagging is not part of Reelgate.";
const COPYRIGHT: &str = "Copyright watermarking and tracing are not part of Reelgate.";
const PRODUCTION: &str = "Intelligent production is not part of Reelgate.";

#[rustfmt::skip] // One row a line, so that the table can be read as one.
const ROWS: &[Operation] = &[
    refused("ActivateMediaWorkflow", WORKFLOWS),
    refused("AddMedia", LIBRARY),
    refused("AddMediaTag", LIBRARY),
    refused("AddMediaWorkflow", WORKFLOWS),
    served("AddPipeline", Served {
        access: AccessLevel::Write,
        associated: &["QueryPipelineList"],
        errors: &[
            "MissingName", "InvalidParameter.EmptyValue", "InvalidParameter.OutOfRange",
            "InvalidParameter", "InvalidParameter.NotSupported", "InvalidParameter.JsonFormatInvalid",
            "InvalidParameter.JsonObjectFormatInvalid", "InvalidParameter.NumberFormatInvalid",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-addpipeline",
        ..SERVED
    }),
    refused("AddSmarttagTemplate", TAGGING),
    served("AddTemplate", Served {
        access: AccessLevel::Write,
        associated: &["SearchTemplate", "SubmitJobs"],
        errors: &[
            "MissingName", "InvalidParameter.EmptyValue", "InvalidParameter", "InvalidParameter.OutOfRange",
            "InvalidParameter.NotSupported", "InvalidParameter.JsonFormatInvalid",
            "InvalidParameter.JsonObjectFormatInvalid", "InvalidParameter.NumberFormatInvalid",
            "InvalidParameter.Format", "InvalidParameter.NullValue", "ParameterNotBoolean",
            "PermissionDenied.ResourceQuotaExceed",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-addtemplate",
        ..SINCE_TEMPLATES
    }),
    served("AddWaterMarkTemplate", Served {
        access: AccessLevel::Write,
        associated: &["SearchWaterMarkTemplate", "SubmitJobs"],
        errors: &[
            "MissingName", "MissingConfig", "InvalidParameter.EmptyValue", "InvalidParameter",
            "InvalidParameter.OutOfRange", "InvalidParameter.NotSupported",
            "InvalidParameter.JsonFormatInvalid", "InvalidParameter.JsonObjectFormatInvalid",
            "InvalidParameter.NumberFormatInvalid", "InvalidParameter.Format",
            "PermissionDenied.ResourceQuotaExceed",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-addwatermarktemplate",
        ..SINCE_TEMPLATES
    }),
    refused("BindInputBucket", BUCKETS),
    refused("BindOutputBucket", BUCKETS),
    served("CancelJob", Served {
        access: AccessLevel::Write,
        associated: &["QueryJobList", "SubmitJobs", "UpdatePipeline"],
        errors: &[
            "MissingJobId", "InvalidParameter.EmptyValue", "InvalidParameter.UUIDFormatInvalid",
            "InvalidParameter.ResourceNotFound", "PermissionDenied.JobInRunning",
            "PermissionDenied.JobInComplete", "PermissionDenied.JobInFailure",
            "InvalidParameter.InvalidState",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-canceljob",
        ..SERVED
    }),
    refused("CreateCustomEntity", TAGGING),
    refused("CreateCustomGroup", TAGGING),
    served("CreateFpShotDB", Served {
        access: AccessLevel::Write,
        associated: &["ListFpShotDB", "SubmitFpShotJob"],
        errors: &[
            "MissingName", "InvalidParameter.EmptyValue", "InvalidParameter",
            "InvalidParameter.NumberFormatInvalid", "InvalidParameter.OutOfRange",
            "InvalidParameter.NotSupported", "InvalidParameter.JsonFormatInvalid",
            "PermissionDenied.ResourceQuotaExceed",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-createfpshotdb",
        ..FINGERPRINTS
    }),
    refused("DeactivateMediaWorkflow", WORKFLOWS),
    refused("DeleteCustomEntity", TAGGING),
    refused("DeleteCustomGroup", TAGGING),
    refused("DeleteCustomView", TAGGING),
    refused("DeleteMedia", LIBRARY),
    refused("DeleteMediaTag", LIBRARY),
    refused("DeleteMediaWorkflow", WORKFLOWS),
    served("DeletePipeline", Served {
        access: AccessLevel::Write,
        associated: &["QueryPipelineList"],
        errors: &[
            "MissingPipelineId", "InvalidParameter.EmptyValue", "InvalidParameter.UUIDFormatInvalid",
            "InvalidParameter.ResourceNotFound", "PermissionDenied.PipelineInUse",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-deletepipeline",
        ..SERVED
    }),
    refused("DeleteSmarttagTemplate", TAGGING),
    served("DeleteTemplate", Served {
        access: AccessLevel::Write,
        associated: &["QueryTemplateList"],
        errors: &[
            "MissingTemplateId", "InvalidParameter.UUIDFormatInvalid", "InvalidParameter.TemplateNotFound",
            "InvalidParameter.TemplateNotSupported", "InvalidParameter.ResourceDeleted",
            "InvalidParameter.EmptyValue",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-deletetemplate",
        ..SINCE_TEMPLATES
    }),
    served("DeleteWaterMarkTemplate", Served {
        access: AccessLevel::Write,
        associated: &["QueryWaterMarkTemplateList"],
        errors: &[
            "MissingWaterMarkTemplateId", "InvalidParameter.UUIDFormatInvalid",
            "InvalidParameter.ResourceNotFound", "InvalidParameter.TemplateNotSupported",
            "InvalidParameter.ResourceDeleted", "InvalidParameter.EmptyValue",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-deletewatermarktemplate",
        ..SINCE_TEMPLATES
    }),
    refused("ImAudit", CENSORSHIP),
    served("ImportFpShotJob", Served {
        access: AccessLevel::Write,
        associated: &["CreateFpShotDB", "ListFpShotImportJob"],
        errors: &[
            "MissingFpDBId", "MissingFpImportConfig", "MissingInput", "InvalidParameter.EmptyValue",
            "InvalidParameter.NullValue", "InvalidParameter", "InvalidParameter.UUIDFormatInvalid",
            "InvalidParameter.JsonFormatInvalid", "InvalidParameter.JsonObjectFormatInvalid",
            "InvalidParameter.Format", "InvalidParameter.NotSupported", "InvalidParameter.OutOfRange",
            "InvalidParameter.BucketNameInvalid", "InvalidParameter.ObjectKeyInvalid",
            "InvalidParameter.ResourceNotFound", "InvalidParameter.DBNotExist",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-importfpshotjob",
        ..FINGERPRINTS
    }),
    refused("ListAllMediaBucket", BUCKETS),
    refused("ListCustomEntities", TAGGING),
    refused("ListCustomGroups", TAGGING),
    refused("ListCustomPersons", TAGGING),
    refused("ListCustomViews", TAGGING),
    served("ListFpShotDB", Served {
        access: AccessLevel::List,
        associated: &["CreateFpShotDB"],
        errors: &[
            "InvalidParameter.EmptyValue", "InvalidParameter.UUIDFormatInvalid",
            "InvalidParameter.ListSizeExceed",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-listfpshotdb",
        ..FINGERPRINTS
    }),
    served("ListFpShotFiles", Served {
        access: AccessLevel::List,
        associated: &["ListFpShotDB"],
        errors: &[
            "MissingFpDBId", "InvalidParameter.EmptyValue", "InvalidParameter",
            "InvalidParameter.UUIDFormatInvalid", "InvalidParameter.Format",
            "InvalidParameter.NumberFormatInvalid", "InvalidParameter.OutOfRange",
            "InvalidParameter.DBNotExist",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-listfpshotfiles",
        ..FINGERPRINTS
    }),
    served("ListFpShotImportJob", Served {
        access: AccessLevel::Read,
        associated: &["ImportFpShotJob"],
        errors: &[
            "MissingJobIds", "InvalidParameter.EmptyValue", "InvalidParameter.UUIDFormatInvalid",
            "InvalidParameter.ListSizeExceed",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-listfpshotimportjob",
        ..FINGERPRINTS
    }),
    served("ListJob", Served {
        access: AccessLevel::List,
        associated: &["QueryJobList"],
        errors: &[
            "InvalidParameter.InvalidState", "InvalidParameter.Format",
            "InvalidParameter.UUIDFormatInvalid", "InvalidParameter.NumberFormatInvalid",
            "InvalidParameter.OutOfRange",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-listjob",
        ..SERVED
    }),
    refused("ListMediaWorkflowExecutions", WORKFLOWS),
    served("QueryAnalysisJobList", Served {
        access: AccessLevel::Read,
        associated: &["SubmitAnalysisJob"],
        errors: &[
            "MissingAnalysisJobIds", "InvalidParameter.EmptyValue", "InvalidParameter.UUIDFormatInvalid",
            "InvalidParameter.ListSizeExceed",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-queryanalysisjoblist",
        ..SINCE_TEMPLATES
    }),
    refused("QueryCopyrightExtractJob", COPYRIGHT),
    refused("QueryCopyrightJob", COPYRIGHT),
    served("QueryFpDBDeleteJobList", Served {
        access: AccessLevel::Read,
        associated: &["SubmitFpDBDeleteJob"],
        errors: &[
            "InvalidParameter.EmptyValue", "InvalidParameter.UUIDFormatInvalid",
            "InvalidParameter.ListSizeExceed",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-queryfpdbdeletejoblist",
        ..FINGERPRINTS
    }),
    served("QueryFpFileDeleteJobList", Served {
        access: AccessLevel::Read,
        associated: &["SubmitFpFileDeleteJob"],
        limit: per_second(500),
        errors: &[
            "InvalidParameter.EmptyValue", "InvalidParameter.UUIDFormatInvalid",
            "InvalidParameter.ListSizeExceed",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-queryfpfiledeletejoblist",
        ..FINGERPRINTS
    }),
    served("QueryFpShotJobList", Served {
        access: AccessLevel::Read,
        associated: &["SubmitFpShotJob"],
        errors: &[
            "InvalidParameter.EmptyValue", "InvalidParameter.UUIDFormatInvalid",
            "InvalidParameter.ListSizeExceed", "InvalidParameter.InvalidState", "InvalidParameter.Format",
            "InvalidParameter.NumberFormatInvalid", "InvalidParameter.OutOfRange",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-queryfpshotjoblist",
        ..FINGERPRINTS
    }),
    refused("QueryIProductionJob", PRODUCTION),
    served("QueryJobList", Served {
        access: AccessLevel::Read,
        associated: &["SubmitJobs"],
        errors: &[
            "InvalidParameter", "InvalidParameter.EmptyValue", "InvalidParameter.UUIDFormatInvalid",
            "InvalidParameter.ListSizeExceed",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-queryjoblist",
        ..SERVED
    }),
    refused("QueryMediaCensorJobDetail", CENSORSHIP),
    refused("QueryMediaCensorJobList", CENSORSHIP),
    served("QueryMediaInfoJobList", Served {
        access: AccessLevel::Read,
        associated: &["SubmitMediaInfoJob"],
        errors: &[
            "InvalidParameter", "InvalidParameter.EmptyValue", "InvalidParameter.UUIDFormatInvalid",
            "InvalidParameter.ListSizeExceed",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-querymediainfojoblist",
        ..SINCE_TEMPLATES
    }),
    refused("QueryMediaList", LIBRARY),
    refused("QueryMediaListByURL", LIBRARY),
    refused("QueryMediaWorkflowExecutionList", WORKFLOWS),
    refused("QueryMediaWorkflowList", WORKFLOWS),
    served("QueryPipelineList", Served {
        access: AccessLevel::Read,
        associated: &["SearchPipeline"],
        errors: &[
            "MissingPipelineIds", "InvalidParameter.EmptyValue", "InvalidParameter.UUIDFormatInvalid",
            "InvalidParameter.ListSizeExceed",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-querypipelinelist",
        ..SERVED
    }),
    refused("QuerySmarttagJob", TAGGING),
    refused("QuerySmarttagTemplateList", TAGGING),
    served("QuerySnapshotJobList", Served {
        access: AccessLevel::Read,
        associated: &["SubmitSnapshotJob"],
        errors: &[
            "InvalidParameter.EmptyValue", "InvalidParameter.UUIDFormatInvalid",
            "InvalidParameter.ListSizeExceed", "InvalidParameter.InvalidState", "InvalidParameter.Format",
            "InvalidParameter.NumberFormatInvalid", "InvalidParameter.OutOfRange",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-querysnapshotjoblist",
        ..SINCE_TEMPLATES
    }),
    served("QueryTemplateList", Served {
        access: AccessLevel::Read,
        associated: &["SearchTemplate"],
        errors: &[
            "MissingTemplateIds", "InvalidParameter.EmptyValue", "InvalidParameter.ListSizeExceed",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-querytemplatelist",
        ..SERVED
    }),
    refused("QueryTraceAbJob", COPYRIGHT),
    refused("QueryTraceExtractJob", COPYRIGHT),
    refused("QueryTraceM3u8Job", COPYRIGHT),
    served("QueryWaterMarkTemplateList", Served {
        access: AccessLevel::Read,
        associated: &["SearchWaterMarkTemplate"],
        errors: &[
            "MissingWaterMarkTemplateIds", "InvalidParameter.EmptyValue", "InvalidParameter.ListSizeExceed",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-querywatermarktemplatelist",
        ..SINCE_TEMPLATES
    }),
    refused("RegisterCustomFace", TAGGING),
    refused("RegisterCustomView", TAGGING),
    refused("SearchMediaWorkflow", WORKFLOWS),
    served("SearchPipeline", Served {
        access: AccessLevel::List,
        associated: &["QueryPipelineList"],
        errors: &[
            "InvalidParameter.InvalidState", "InvalidParameter.NumberFormatInvalid",
            "InvalidParameter.OutOfRange",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-searchpipeline",
        ..SERVED
    }),
    served("SearchTemplate", Served {
        access: AccessLevel::List,
        associated: &["QueryTemplateList"],
        errors: &[
            "InvalidParameter.InvalidState", "InvalidParameter.NumberFormatInvalid",
            "InvalidParameter.OutOfRange",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-searchtemplate",
        ..SERVED
    }),
    served("SearchWaterMarkTemplate", Served {
        access: AccessLevel::List,
        associated: &["QueryWaterMarkTemplateList"],
        errors: &[
            "InvalidParameter.InvalidState", "InvalidParameter.NumberFormatInvalid",
            "InvalidParameter.OutOfRange",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-searchwatermarktemplate",
        ..SINCE_TEMPLATES
    }),
    served("SubmitAnalysisJob", Served {
        access: AccessLevel::Write,
        associated: &["QueryAnalysisJobList", "QueryPipelineList"],
        errors: &[
            "MissingInput", "MissingPipelineId", "InvalidParameter.EmptyValue", "InvalidParameter.NullValue",
            "InvalidParameter", "InvalidParameter.UUIDFormatInvalid", "InvalidParameter.JsonFormatInvalid",
            "InvalidParameter.JsonObjectFormatInvalid", "InvalidParameter.NumberFormatInvalid",
            "InvalidParameter.Format", "InvalidParameter.NotSupported", "InvalidParameter.OutOfRange",
            "InvalidParameter.BucketNameInvalid", "InvalidParameter.ObjectKeyInvalid",
            "InvalidParameter.ResourceNotFound",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-submitanalysisjob",
        ..SINCE_TEMPLATES
    }),
    refused("SubmitCopyrightExtractJob", COPYRIGHT),
    refused("SubmitCopyrightJob", COPYRIGHT),
    served("SubmitFpDBDeleteJob", Served {
        access: AccessLevel::Write,
        associated: &["ListFpShotDB", "QueryFpDBDeleteJobList"],
        limit: None,
        errors: &[
            "MissingFpDBId", "InvalidParameter.EmptyValue", "InvalidParameter",
            "InvalidParameter.UUIDFormatInvalid", "InvalidParameter.NotSupported",
            "InvalidParameter.OutOfRange", "InvalidParameter.ResourceNotFound", "InvalidParameter.DBNotExist",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-submitfpdbdeletejob",
        ..FINGERPRINTS
    }),
    served("SubmitFpFileDeleteJob", Served {
        access: AccessLevel::Write,
        associated: &["ListFpShotFiles", "QueryFpFileDeleteJobList"],
        limit: per_second(10),
        errors: &[
            "MissingFpDBId", "InvalidParameter.EmptyValue", "InvalidParameter.NullValue", "InvalidParameter",
            "InvalidParameter.UUIDFormatInvalid", "InvalidParameter.ListSizeExceed",
            "InvalidParameter.OutOfRange", "InvalidParameter.ResourceNotFound", "InvalidParameter.DBNotExist",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-submitfpfiledeletejob",
        ..FINGERPRINTS
    }),
    served("SubmitFpShotJob", Served {
        access: AccessLevel::Write,
        associated: &["CreateFpShotDB", "QueryFpShotJobList"],
        limit: per_second(150),
        errors: &[
            "MissingInput", "MissingFpShotConfig", "InvalidParameter.EmptyValue", "InvalidParameter.NullValue",
            "InvalidParameter", "InvalidParameter.UUIDFormatInvalid", "InvalidParameter.JsonFormatInvalid",
            "InvalidParameter.JsonObjectFormatInvalid", "InvalidParameter.Format",
            "InvalidParameter.NumberFormatInvalid", "InvalidParameter.NotSupported",
            "InvalidParameter.OutOfRange", "InvalidParameter.BucketNameInvalid",
            "InvalidParameter.ObjectKeyInvalid", "InvalidParameter.ResourceNotFound",
            "InvalidParameter.ResourceNotSupported", "InvalidParameter.DBNotExist",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-submitfpshotjob",
        ..FINGERPRINTS
    }),
    refused("SubmitIProductionJob", PRODUCTION),
    refused("SubmitImageCopyright", COPYRIGHT),
    served("SubmitJobs", Served {
        access: AccessLevel::Write,
        associated: &["CancelJob", "QueryJobList", "QueryPipelineList", "QueryTemplateList"],
        errors: &[
            "MissingInput", "MissingOutputBucket", "MissingOutputs", "MissingPipelineId",
            "InvalidParameter.NullValue", "InvalidParameter.EmptyValue",
            "InvalidParameter.UUIDFormatInvalid", "InvalidParameter.JsonFormatInvalid",
            "InvalidParameter.JsonObjectFormatInvalid", "InvalidParameter.JsonArrayFormatInvalid",
            "InvalidParameter.ListSizeExceed", "InvalidParameter.BucketNameInvalid",
            "InvalidParameter.ObjectKeyInvalid", "InvalidParameter.ResourceNotFound",
            "InvalidParameter.NotSupported",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-submitjobs",
        ..SERVED
    }),
    refused("SubmitMediaCensorJob", CENSORSHIP),
    served("SubmitMediaInfoJob", Served {
        access: AccessLevel::Write,
        associated: &["QueryMediaInfoJobList"],
        limit: per_second(50),
        errors: &[
            "MissingInput", "InvalidParameter.EmptyValue", "InvalidParameter.NullValue", "InvalidParameter",
            "InvalidParameter.UUIDFormatInvalid", "InvalidParameter.JsonFormatInvalid",
            "InvalidParameter.JsonObjectFormatInvalid", "InvalidParameter.Format",
            "InvalidParameter.NotSupported", "InvalidParameter.OutOfRange",
            "InvalidParameter.BucketNameInvalid", "InvalidParameter.ObjectKeyInvalid",
            "InvalidParameter.ResourceNotFound", "ParameterNotBoolean",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-submitmediainfojob",
        ..SINCE_TEMPLATES
    }),
    refused("SubmitSmarttagJob", TAGGING),
    served("SubmitSnapshotJob", Served {
        access: AccessLevel::Write,
        associated: &["QueryPipelineList", "QuerySnapshotJobList"],
        limit: per_second(50),
        errors: &[
            "MissingInput", "MissingSnapshotConfig", "InvalidParameter.EmptyValue",
            "InvalidParameter.NullValue", "InvalidParameter", "InvalidParameter.UUIDFormatInvalid",
            "InvalidParameter.JsonFormatInvalid", "InvalidParameter.JsonObjectFormatInvalid",
            "InvalidParameter.Format", "InvalidParameter.NotSupported", "InvalidParameter.OutOfRange",
            "InvalidParameter.BucketNameInvalid", "InvalidParameter.ObjectKeyInvalid",
            "InvalidParameter.ResourceNotFound", "InvalidParameter.NumberFormatInvalid",
            "InvalidParameter.ListSizeExceed", "ParameterNotBoolean",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-submitsnapshotjob",
        ..SINCE_TEMPLATES
    }),
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
    served("UpdatePipeline", Served {
        access: AccessLevel::Write,
        associated: &["QueryPipelineList"],
        errors: &[
            "MissingPipelineId", "MissingName", "MissingState", "InvalidParameter.EmptyValue",
            "InvalidParameter.OutOfRange", "InvalidParameter", "InvalidParameter.UUIDFormatInvalid",
            "InvalidParameter.InvalidState", "InvalidParameter.ResourceNotFound",
            "InvalidParameter.NotSupported", "InvalidParameter.JsonFormatInvalid",
            "InvalidParameter.JsonObjectFormatInvalid",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-updatepipeline",
        ..SERVED
    }),
    refused("UpdateSmarttagTemplate", TAGGING),
    served("UpdateTemplate", Served {
        access: AccessLevel::Write,
        associated: &["QueryTemplateList"],
        errors: &[
            "MissingTemplateId", "InvalidParameter.UUIDFormatInvalid", "InvalidParameter.TemplateNotFound",
            "InvalidParameter.TemplateNotSupported", "InvalidParameter.ResourceDeleted", "MissingName",
            "InvalidParameter.EmptyValue", "InvalidParameter", "InvalidParameter.OutOfRange",
            "InvalidParameter.NotSupported", "InvalidParameter.JsonFormatInvalid",
            "InvalidParameter.JsonObjectFormatInvalid", "InvalidParameter.NumberFormatInvalid",
            "InvalidParameter.Format", "InvalidParameter.NullValue", "ParameterNotBoolean",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-updatetemplate",
        ..SINCE_TEMPLATES
    }),
    served("UpdateWaterMarkTemplate", Served {
        access: AccessLevel::Write,
        associated: &["QueryWaterMarkTemplateList"],
        errors: &[
            "MissingWaterMarkTemplateId", "InvalidParameter.UUIDFormatInvalid",
            "InvalidParameter.ResourceNotFound", "InvalidParameter.TemplateNotSupported",
            "InvalidParameter.ResourceDeleted", "MissingName", "MissingConfig", "InvalidParameter.EmptyValue",
            "InvalidParameter", "InvalidParameter.OutOfRange", "InvalidParameter.NotSupported",
            "InvalidParameter.JsonFormatInvalid", "InvalidParameter.JsonObjectFormatInvalid",
            "InvalidParameter.NumberFormatInvalid", "InvalidParameter.Format",
        ],
        documentation: "https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-updatewatermarktemplate",
        ..SINCE_TEMPLATES
    }),
];

#[cfg(test)]
mod tests;
