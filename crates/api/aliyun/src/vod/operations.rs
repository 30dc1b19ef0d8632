//! Every documented action of this product: served, or refused with a reason.
//!
//! Parameters that an action does not know are ignored, as by the vendor's gateway; members of parameters that are JSON
//! are not, but for those of `UploadMetadatas` and `RegisterMetadatas`.

use reelgate_api_kit::operation::{
    AccessLevel, Change, Handling, Operation, Permission, Product, Served,
};
use reelgate_domain::access::{CallLimit, Period};

use super::codes;
use crate::rpc::codes::SHARED;

/// The product's table.
pub static PRODUCT: Product = Product {
    name: "vod",
    title: "ApsaraVideo VOD",
    version: "2017-03-21",
    ram_code: "vod",
    policy_name: "AliyunVOD",
    dialect: crate::DIALECT,
    operations: ROWS,
    errors: codes::ROWS,
    shared_errors: SHARED,
};

/// What most rows have in common. The vendor documents limits of a few actions only.
const SERVED: Served = Served {
    access: AccessLevel::Read,
    resources: &[],
    permission: Permission::Needed,
    condition_keys: &[],
    associated: &[],
    limit: None,
    errors: &[],
    documentation: "",
    history: &[Change {
        date: "2026-11-22",
        what: "First served.",
    }],
};

const fn per_second(calls: u32) -> Option<CallLimit> {
    Some(CallLimit {
        calls,
        per: Period::Second,
    })
}

const fn per_day(calls: u32) -> Option<CallLimit> {
    Some(CallLimit {
        calls,
        per: Period::Day,
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

const UPLOADS: &str = "Uploads by temporary tickets are not served: put the file into a bucket and call RegisterMedia, or call UploadMediaByURL.";
const STREAMS: &str =
    "Single streams are not brought in: transcode the video by SubmitTranscodeJobs.";
const APPS: &str = "There is one application, app-1000000: accounts are kept apart by accounts.";
const STATISTICS: &str = "Usage and play statistics are not part of Reelgate.";
const DELIVERY: &str = "Content delivery and its domains are not part of Reelgate: files are served by the server itself or by their object store.";
const WATERMARKS: &str = "Watermarks are not served yet.";
const PRODUCTION: &str = "Editing projects are not part of Reelgate.";
const ENCRYPTION: &str =
    "Encryption and play credentials are not served: GetPlayInfo gives addresses that expire.";
const FINGERPRINTS: &str = "Media fingerprints are not served yet.";
const ANALYSIS: &str = "Analysis and moderation of content are not part of Reelgate.";
const TEMPLATES: &str =
    "Snapshot and other templates are not served: give what they would say with the call.";
const IMAGES: &str = "Images and attached files are not kept as media: put them into a bucket.";
const WORKFLOWS: &str = "Workflows are not served: name a transcode template group.";
const STORAGE: &str = "There is one storage class, and buckets belong to accounts.";
const MEZZANINES: &str = "A video is not kept without its file: delete the video.";
const ONE_STREAM: &str = "Single streams are not deleted: delete the object in its bucket, or the video with all of them.";
const ONE_BY_ONE: &str = "Videos are changed one by one: call UpdateVideoInfo.";
const INFOS: &str = "Call GetVideoInfos, GetPlayInfo and GetMezzanineInfo, which tell the same.";
const JOBS: &str =
    "Call GetURLUploadInfos, GetTranscodeTask or ListSnapshots, each of which knows its jobs.";
const LIVE: &str = "Live recordings are not served yet.";

#[rustfmt::skip] // One row a line, so that the table can be read as one.
const ROWS: &[Operation] = &[
    refused("AddAITemplate", ANALYSIS),
    served("AddCategory", Served {
        access: AccessLevel::Write,
        associated: &["GetCategories"],
        errors: &[
            "MissingParameter", "InvalidParameter.CateName", "InvalidParameter.Type", "InvalidCategory.NotFound", "LimitExceeded.Category",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-addcategory",
        ..SERVED
    }),
    refused("AddEditingProject", PRODUCTION),
    refused("AddEditingProjectMaterials", PRODUCTION),
    served("AddTranscodeTemplateGroup", Served {
        access: AccessLevel::Write,
        associated: &["GetTranscodeTemplateGroup"],
        limit: per_second(5),
        errors: &[
            "MissingParameter", "InvalidParameter.AppId", "InvalidParameter.Name", "InvalidParameter.TranscodeTemplateList", "InvalidParameter", "InvalidTranscodeTemplateGroup.NotFound", "Forbidden.LockedTemplateGroup", "Forbidden.SpecialTemplateGroup", "TrasncodeTemplateGroupExceededMax", "TranscodeTemplateExceededMax", "OperationConflict",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-addtranscodetemplategroup",
        ..SERVED
    }),
    refused("AddVodDomain", DELIVERY),
    refused("AddVodStorageForApp", STORAGE),
    refused("AddVodTemplate", TEMPLATES),
    refused("AddWatermark", WATERMARKS),
    refused("AttachAppPolicyToIdentity", APPS),
    refused("BatchGetMediaInfos", INFOS),
    refused("BatchSetVodDomainConfigs", DELIVERY),
    refused("BatchStartVodDomain", DELIVERY),
    refused("BatchStopVodDomain", DELIVERY),
    served("CancelUrlUploadJobs", Served {
        access: AccessLevel::Write,
        associated: &["GetURLUploadInfos", "UploadMediaByURL"],
        limit: per_second(50),
        errors: &[
            "MissingParameter", "InvalidParameter.JobIds", "InvalidParameter.UploadUrls",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-cancelurluploadjobs",
        ..SERVED
    }),
    refused("ChangeResourceGroup", APPS),
    refused("CreateAppInfo", APPS),
    refused("CreateAudit", ANALYSIS),
    refused("CreateUploadAttachedMedia", UPLOADS),
    refused("CreateUploadImage", UPLOADS),
    refused("CreateUploadVideo", UPLOADS),
    refused("DecryptKMSDataKey", ENCRYPTION),
    refused("DeleteAIImageInfos", ANALYSIS),
    refused("DeleteAITemplate", ANALYSIS),
    refused("DeleteAppInfo", APPS),
    refused("DeleteAttachedMedia", IMAGES),
    served("DeleteCategory", Served {
        access: AccessLevel::Write,
        associated: &["GetCategories"],
        errors: &[
            "MissingParameter", "InvalidCategory.NotFound",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-deletecategory",
        ..SERVED
    }),
    refused("DeleteDynamicImage", IMAGES),
    refused("DeleteEditingProject", PRODUCTION),
    refused("DeleteEditingProjectMaterials", PRODUCTION),
    refused("DeleteImage", IMAGES),
    served("DeleteMessageCallback", Served {
        access: AccessLevel::Write,
        associated: &["SetMessageCallback"],
        errors: &[
            "InvalidParameter.AppId", "InvalidMessageCallback.NotFound",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-deletemessagecallback",
        ..SERVED
    }),
    refused("DeleteMezzanines", MEZZANINES),
    refused("DeleteMultipartUpload", UPLOADS),
    refused("DeleteStream", ONE_STREAM),
    served("DeleteTranscodeTemplateGroup", Served {
        access: AccessLevel::Write,
        associated: &["ListTranscodeTemplateGroup"],
        errors: &[
            "MissingParameter", "InvalidParameter.ForceDelGroup", "InvalidParameter.TranscodeTemplateIds", "InvalidTranscodeTemplateGroup.NotFound", "Forbidden.LockedTemplateGroup", "Forbidden.SpecialTemplateGroup", "Forbidden.DefaultTemplateGroup", "OperationConflict",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-deletetranscodetemplategroup",
        ..SERVED
    }),
    served("DeleteVideo", Served {
        access: AccessLevel::Write,
        associated: &["GetVideoInfos"],
        errors: &[
            "MissingParameter", "VideoIdsExceededMax", "InvalidVideo.NotFound", "DeleteVideoFailed",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-deletevideo",
        ..SERVED
    }),
    refused("DeleteVodDomain", DELIVERY),
    refused("DeleteVodSpecificConfig", DELIVERY),
    refused("DeleteVodTemplate", TEMPLATES),
    refused("DeleteWatermark", WATERMARKS),
    refused("DescribeMediaDistribution", DELIVERY),
    refused("DescribePlayTopVideos", STATISTICS),
    refused("DescribePlayUserAvg", STATISTICS),
    refused("DescribePlayUserTotal", STATISTICS),
    refused("DescribePlayVideoStatis", STATISTICS),
    refused("DescribeVodAIData", STATISTICS),
    refused("DescribeVodCertificateList", DELIVERY),
    refused("DescribeVodDomainBpsData", DELIVERY),
    refused("DescribeVodDomainBpsDataByLayer", DELIVERY),
    refused("DescribeVodDomainCertificateInfo", DELIVERY),
    refused("DescribeVodDomainConfigs", DELIVERY),
    refused("DescribeVodDomainDetail", DELIVERY),
    refused("DescribeVodDomainHitRateData", DELIVERY),
    refused("DescribeVodDomainLog", DELIVERY),
    refused("DescribeVodDomainMax95BpsData", DELIVERY),
    refused("DescribeVodDomainQpsData", DELIVERY),
    refused("DescribeVodDomainRealTimeBpsData", DELIVERY),
    refused("DescribeVodDomainRealTimeByteHitRateData", DELIVERY),
    refused("DescribeVodDomainRealTimeDetailData", DELIVERY),
    refused("DescribeVodDomainRealTimeHttpCodeData", DELIVERY),
    refused("DescribeVodDomainRealTimeQpsData", DELIVERY),
    refused("DescribeVodDomainRealTimeReqHitRateData", DELIVERY),
    refused("DescribeVodDomainRealTimeTrafficData", DELIVERY),
    refused("DescribeVodDomainReqHitRateData", DELIVERY),
    refused("DescribeVodDomainSrcBpsData", DELIVERY),
    refused("DescribeVodDomainSrcTrafficData", DELIVERY),
    refused("DescribeVodDomainTrafficData", DELIVERY),
    refused("DescribeVodDomainUsageData", DELIVERY),
    refused("DescribeVodEditingUsageData", STATISTICS),
    refused("DescribeVodMediaPlayData", STATISTICS),
    refused("DescribeVodPlayerCollectData", STATISTICS),
    refused("DescribeVodPlayerDimensionData", STATISTICS),
    refused("DescribeVodPlayerMetricData", STATISTICS),
    refused("DescribeVodRangeDataByLocateAndIspService", DELIVERY),
    refused("DescribeVodRefreshQuota", DELIVERY),
    refused("DescribeVodRefreshTasks", DELIVERY),
    refused("DescribeVodSSLCertificateList", DELIVERY),
    refused("DescribeVodStorageData", STATISTICS),
    refused("DescribeVodTieringStorageData", STATISTICS),
    refused("DescribeVodTieringStorageRetrievalData", STATISTICS),
    refused("DescribeVodTranscodeData", STATISTICS),
    refused("DescribeVodUserDomains", DELIVERY),
    refused("DescribeVodUserVipsByDomain", DELIVERY),
    refused("DescribeVodVerifyContent", DELIVERY),
    refused("DetachAppPolicyFromIdentity", APPS),
    refused("GenerateDownloadSecretKey", ENCRYPTION),
    refused("GenerateKMSDataKey", ENCRYPTION),
    refused("GetAIImageJobs", ANALYSIS),
    refused("GetAIMediaAuditJob", ANALYSIS),
    refused("GetAITemplate", ANALYSIS),
    refused("GetAIVideoTagResult", ANALYSIS),
    refused("GetAppInfos", APPS),
    refused("GetAppPlayKey", ENCRYPTION),
    refused("GetAttachedMediaInfo", IMAGES),
    refused("GetAuditHistory", ANALYSIS),
    served("GetCategories", Served {
        access: AccessLevel::List,
        associated: &["AddCategory"],
        errors: &[
            "MissingParameter", "InvalidParameter.PageNo", "InvalidParameter.PageSize", "InvalidParameter.SortBy", "InvalidParameter.Type", "InvalidCategory.NotFound",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-getcategories",
        ..SERVED
    }),
    refused("GetDailyPlayRegionStatis", STATISTICS),
    refused("GetDefaultAITemplate", ANALYSIS),
    refused("GetDigitalWatermarkExtractResult", WATERMARKS),
    refused("GetEditingProject", PRODUCTION),
    refused("GetEditingProjectMaterials", PRODUCTION),
    refused("GetImageInfo", IMAGES),
    refused("GetImageInfos", IMAGES),
    refused("GetJobDetail", JOBS),
    refused("GetMediaAiAnalysis", ANALYSIS),
    refused("GetMediaAuditAudioResultDetail", ANALYSIS),
    refused("GetMediaAuditResult", ANALYSIS),
    refused("GetMediaAuditResultDetail", ANALYSIS),
    refused("GetMediaAuditResultTimeline", ANALYSIS),
    refused("GetMediaDNAResult", FINGERPRINTS),
    refused("GetMediaRefreshJobs", DELIVERY),
    served("GetMessageCallback", Served {
        access: AccessLevel::Read,
        associated: &["SetMessageCallback"],
        errors: &[
            "InvalidParameter.AppId", "InvalidMessageCallback.NotFound",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-getmessagecallback",
        ..SERVED
    }),
    served("GetMezzanineInfo", Served {
        access: AccessLevel::Read,
        associated: &["GetPlayInfo"],
        errors: &[
            "MissingParameter", "InvalidParameter.AdditionType", "InvalidParameter.AuthTimeout", "InvalidParameter.OutputType", "InvalidVideo.NotFound", "InvalidFile.NotFound",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-getmezzanineinfo",
        ..SERVED
    }),
    served("GetPlayInfo", Served {
        access: AccessLevel::Read,
        associated: &["GetVideoInfo"],
        limit: per_second(360),
        errors: &[
            "MissingParameter", "InvalidParameter.AuthTimeout", "InvalidParameter.DigitalWatermarkType", "InvalidParameter.OutputType", "InvalidParameter.PlayConfig", "InvalidParameter.ReAuthInfo", "InvalidParameter.ResultType", "InvalidParameter.Trace", "Forbidden.IllegalStatus", "InvalidVideo.NotFound", "InvalidVideo.NoneStream",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-getplayinfo",
        ..SERVED
    }),
    served("GetTranscodeSummary", Served {
        access: AccessLevel::Read,
        associated: &["GetTranscodeTask"],
        errors: &[
            "MissingParameter", "InvalidParameter.VideoIds",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-gettranscodesummary",
        ..SERVED
    }),
    served("GetTranscodeTask", Served {
        access: AccessLevel::Read,
        associated: &["ListTranscodeTask"],
        errors: &[
            "MissingParameter", "InvalidParameter.JobIds", "NoSuchResource",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-gettranscodetask",
        ..SERVED
    }),
    served("GetTranscodeTemplateGroup", Served {
        access: AccessLevel::Read,
        associated: &["ListTranscodeTemplateGroup"],
        errors: &[
            "MissingParameter", "InvalidTranscodeTemplateGroup.NotFound",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-gettranscodetemplategroup",
        ..SERVED
    }),
    served("GetURLUploadInfos", Served {
        access: AccessLevel::Read,
        associated: &["UploadMediaByURL"],
        limit: per_second(100),
        errors: &[
            "MissingParameter", "InvalidParameter.JobIds", "InvalidParameter.UploadURLs",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-geturluploadinfos",
        ..SERVED
    }),
    refused("GetUploadDetails", UPLOADS),
    served("GetVideoInfo", Served {
        access: AccessLevel::Read,
        associated: &["GetVideoInfos"],
        errors: &[
            "MissingParameter", "InvalidVideo.NotFound",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-getvideoinfo",
        ..SERVED
    }),
    served("GetVideoInfos", Served {
        access: AccessLevel::Read,
        associated: &["GetVideoInfo"],
        errors: &[
            "MissingParameter", "VideoIdsExceededMax",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-getvideoinfos",
        ..SERVED
    }),
    served("GetVideoList", Served {
        access: AccessLevel::List,
        associated: &["SearchMedia"],
        limit: per_second(100),
        errors: &[
            "MissingParameter", "InvalidParameter.CateId", "InvalidParameter.EndTime", "InvalidParameter.PageNo", "InvalidParameter.PageSize", "InvalidParameter.ReferenceIds", "InvalidParameter.SortBy", "InvalidParameter.StartTime", "InvalidParameter.Status", "VideoListExceededMax",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-getvideolist",
        ..SERVED
    }),
    refused("GetVideoPlayAuth", ENCRYPTION),
    refused("GetVodTemplate", TEMPLATES),
    refused("GetWatermark", WATERMARKS),
    refused("GetWorkflowTask", WORKFLOWS),
    refused("ListAIImageInfo", ANALYSIS),
    refused("ListAIJob", ANALYSIS),
    refused("ListAITemplate", ANALYSIS),
    refused("ListAppInfo", APPS),
    refused("ListAppPoliciesForIdentity", APPS),
    refused("ListAuditSecurityIp", ANALYSIS),
    refused("ListDynamicImage", IMAGES),
    refused("ListJobInfo", JOBS),
    refused("ListLiveRecordVideo", LIVE),
    served("ListSnapshots", Served {
        access: AccessLevel::List,
        associated: &["SubmitSnapshotJob"],
        errors: &[
            "MissingParameter", "InvalidParameter.AuthTimeout", "InvalidParameter.PageNo", "InvalidParameter.PageSize", "InvalidParameter.SnapshotType", "InvalidVideo.NotFound",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-listsnapshots",
        ..SERVED
    }),
    served("ListTranscodeTask", Served {
        access: AccessLevel::List,
        associated: &["GetTranscodeTask"],
        errors: &[
            "MissingParameter", "InvalidParameter.EndTime", "InvalidParameter.PageNo", "InvalidParameter.PageSize", "InvalidParameter.StartTime", "InvalidVideo.NotFound",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-listtranscodetask",
        ..SERVED
    }),
    served("ListTranscodeTemplateGroup", Served {
        access: AccessLevel::List,
        associated: &["GetTranscodeTemplateGroup"],
        errors: &[
            "InvalidParameter.AppId",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-listtranscodetemplategroup",
        ..SERVED
    }),
    refused("ListVodTemplate", TEMPLATES),
    refused("ListWatermark", WATERMARKS),
    refused("MoveAppResource", APPS),
    refused("PreloadVodObjectCaches", DELIVERY),
    refused("ProduceEditingProjectVideo", PRODUCTION),
    refused("RefreshMediaPlayUrls", DELIVERY),
    refused("RefreshUploadVideo", UPLOADS),
    refused("RefreshVodObjectCaches", DELIVERY),
    served("RegisterMedia", Served {
        access: AccessLevel::Write,
        associated: &["GetVideoInfo"],
        limit: per_second(100),
        errors: &[
            "MissingParameter", "InvalidParameter.RegisterMetadatas", "InvalidParameter.UserData", "InvalidParameter.WorkflowId", "InvalidParameter", "AlreadyExist.ReferenceId", "InvalidCategory.NotFound", "InvalidTranscodeTemplateGroup.NotFound",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-registermedia",
        ..SERVED
    }),
    refused("RestoreMedia", STORAGE),
    refused("SearchEditingProject", PRODUCTION),
    served("SearchMedia", Served {
        access: AccessLevel::List,
        associated: &["GetVideoList"],
        limit: per_second(50),
        errors: &[
            "MissingParameter", "InvalidParameter.PageNo", "InvalidParameter.PageSize", "InvalidParameter.SearchType", "InvalidParameter.SortBy", "SortByExceededMax", "ErrorMatchSyntax", "InvalidScrollToken.Expired",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-searchmedia",
        ..SERVED
    }),
    refused("SetAppPlayKey", ENCRYPTION),
    refused("SetAuditSecurityIp", ANALYSIS),
    refused("SetCrossdomainContent", DELIVERY),
    refused("SetDefaultAITemplate", ANALYSIS),
    served("SetDefaultTranscodeTemplateGroup", Served {
        access: AccessLevel::Write,
        associated: &["ListTranscodeTemplateGroup"],
        errors: &[
            "MissingParameter", "InvalidTranscodeTemplateGroup.NotFound", "OperationConflict",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-setdefaulttranscodetemplategroup",
        ..SERVED
    }),
    refused("SetDefaultWatermark", WATERMARKS),
    refused("SetEditingProjectMaterials", PRODUCTION),
    served("SetMessageCallback", Served {
        access: AccessLevel::Write,
        associated: &["DeleteMessageCallback", "GetMessageCallback"],
        errors: &[
            "MissingParameter", "InvalidParameter", "InvalidParameter.AppId", "InvalidParameter.AuthKey", "InvalidParameter.AuthSwitch", "InvalidParameter.CallbackType", "InvalidParameter.CallbackURL", "InvalidParameter.MnsEndpoint", "InvalidParameter.MnsQueueName", "OperationConflict",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-setmessagecallback",
        ..SERVED
    }),
    refused("SetVodDomainCertificate", DELIVERY),
    refused("SetVodDomainSSLCertificate", DELIVERY),
    refused("SubmitAIImageAuditJob", ANALYSIS),
    refused("SubmitAIImageJob", ANALYSIS),
    refused("SubmitAIJob", ANALYSIS),
    refused("SubmitAIMediaAuditJob", ANALYSIS),
    refused("SubmitDigitalWatermarkExtractJob", WATERMARKS),
    refused("SubmitDynamicImageJob", IMAGES),
    refused("SubmitMediaDNADeleteJob", FINGERPRINTS),
    refused("SubmitPreprocessJobs", WORKFLOWS),
    served("SubmitSnapshotJob", Served {
        access: AccessLevel::Write,
        associated: &["ListSnapshots"],
        errors: &[
            "MissingParameter", "InvalidParameter.Count", "InvalidParameter.Height", "InvalidParameter.Interval", "InvalidParameter.SnapshotTemplateId", "InvalidParameter.SpecifiedOffsetTime", "InvalidParameter.SpecifiedOffsetTimes", "InvalidParameter.SpriteSnapshotConfig", "InvalidParameter.UserData", "InvalidParameter.Width", "InvalidParameter", "InvalidVideo.NotFound", "Forbidden.IllegalStatus", "InvalidVideo.NoneStream",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-submitsnapshotjob",
        ..SERVED
    }),
    served("SubmitTranscodeJobs", Served {
        access: AccessLevel::Write,
        associated: &["GetTranscodeTask"],
        errors: &[
            "MissingParameter", "InvalidParameter.EncryptConfig", "InvalidParameter.OverrideParams", "InvalidParameter.PipelineId", "InvalidParameter.Priority", "InvalidParameter.SessionId", "InvalidParameter.TemplateGroupId", "InvalidParameter.UserData", "InvalidParameter", "AlreadyExist.SessionId", "InvalidVideo.NotFound", "Forbidden.IllegalStatus", "InvalidTranscodeTemplateGroup.NotFound", "NoSuchResource",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-submittranscodejobs",
        ..SERVED
    }),
    refused("SubmitWorkflowJob", WORKFLOWS),
    refused("UpdateAITemplate", ANALYSIS),
    refused("UpdateAppInfo", APPS),
    refused("UpdateAttachedMediaInfos", IMAGES),
    served("UpdateCategory", Served {
        access: AccessLevel::Write,
        associated: &["GetCategories"],
        errors: &[
            "MissingParameter", "InvalidParameter.CateName", "InvalidCategory.NotFound", "OperationConflict",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-updatecategory",
        ..SERVED
    }),
    refused("UpdateEditingProject", PRODUCTION),
    refused("UpdateImageInfos", IMAGES),
    refused("UpdateMediaStorageClass", STORAGE),
    served("UpdateTranscodeTemplateGroup", Served {
        access: AccessLevel::Write,
        associated: &["AddTranscodeTemplateGroup"],
        errors: &[
            "MissingParameter", "InvalidParameter.Locked", "InvalidParameter.Name", "InvalidParameter.TranscodeTemplateList", "InvalidParameter", "InvalidTranscodeTemplateGroup.NotFound", "Forbidden.LockedTemplateGroup", "Forbidden.SpecialTemplateGroup", "TranscodeTemplateExceededMax", "OperationConflict",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-updatetranscodetemplategroup",
        ..SERVED
    }),
    served("UpdateVideoInfo", Served {
        access: AccessLevel::Write,
        associated: &["GetVideoInfo"],
        errors: &[
            "MissingParameter", "InvalidParameter.CateId", "InvalidParameter.CoverURL", "InvalidParameter.Description", "InvalidParameter.Tags", "InvalidParameter.Title", "InvalidParameter.UserData", "InvalidCategory.NotFound", "InvalidVideo.NotFound",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-updatevideoinfo",
        ..SERVED
    }),
    refused("UpdateVideoInfos", ONE_BY_ONE),
    refused("UpdateVodDomain", DELIVERY),
    refused("UpdateVodTemplate", TEMPLATES),
    refused("UpdateWatermark", WATERMARKS),
    served("UploadMediaByURL", Served {
        access: AccessLevel::Write,
        associated: &["CancelUrlUploadJobs", "GetURLUploadInfos"],
        limit: per_day(200_000),
        errors: &[
            "MissingParameter", "InvalidParameter.AppId", "InvalidParameter.SessionId", "InvalidParameter.UploadMetadatas", "InvalidParameter.UploadURLs", "InvalidParameter.UserData", "InvalidParameter.WorkflowId", "InvalidParameter", "AlreadyExist.ReferenceId", "AlreadyExist.SessionId", "InvalidCategory.NotFound", "InvalidStorage.NotFound", "InvalidTranscodeTemplateGroup.NotFound", "NoSuchResource",
        ],
        documentation: "https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-uploadmediabyurl",
        ..SERVED
    }),
    refused("UploadStreamByURL", STREAMS),
    refused("VerifyVodDomainOwner", DELIVERY),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vod::shapes;

    #[test]
    fn the_table_holds_exactly_the_documented_actions() {
        let documented = shapes::VOD.actions();
        let table: Vec<_> = ROWS.iter().map(|row| row.action.to_owned()).collect();
        assert_eq!(documented.len(), 188);
        assert_eq!(table, documented);
    }

    #[test]
    fn the_table_is_sound() {
        assert_eq!(PRODUCT.faults(), [""; 0]);
    }

    #[test]
    fn each_served_action_has_its_page() {
        for (action, served) in PRODUCT.served() {
            let page = format!("/api-vod-2017-03-21-{}", action.to_ascii_lowercase());
            assert!(served.documentation.ends_with(&page), "{action}");
        }
    }
}
