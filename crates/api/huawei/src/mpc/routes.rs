//! Which operation a method and a path are, as the vendor's SDKs have them.

/// A method, a path with `{}` in the place of the project, and the operation's row in the product's table.
type Route = (&'static str, &'static str, &'static str);

#[rustfmt::skip] // One route a line, so that the table can be read as one.
pub(super) const ROUTES: &[Route] = &[
    ("DELETE", "/v1/{}/remux", "CancelRemuxTask"),
    ("POST", "/v1/{}/agencies", "CreateAgenciesTask"),
    ("POST", "/v1/{}/animated-graphics", "CreateAnimatedGraphicsTask"),
    ("POST", "/v1/{}/editing/jobs", "CreateEditingJob"),
    ("POST", "/v1/{}/encryptions", "CreateEncryptTask"),
    ("POST", "/v1/{}/extract-metadata", "CreateExtractTask"),
    ("PUT", "/v1/mediabox/tasks/report", "CreateMbTasksReport"),
    ("POST", "/v1/{}/enhancements", "CreateMediaProcessTask"),
    ("POST", "/v1/{}/audio/services/merge_channels/task", "CreateMergeChannelsTask"),
    ("POST", "/v1/mpe/notification", "CreateMpeCallBack"),
    ("POST", "/v1/{}/template/qualityenhance", "CreateQualityEnhanceTemplate"),
    ("POST", "/v1/{}/remux", "CreateRemuxTask"),
    ("POST", "/v1/{}/audio/services/reset_tracks/task", "CreateResetTracksTask"),
    ("PUT", "/v1/{}/remux", "CreateRetryRemuxTask"),
    ("POST", "/v1/{}/template_group/transcodings", "CreateTemplateGroup"),
    ("POST", "/v1/{}/thumbnails", "CreateThumbnailsTask"),
    ("POST", "/v1/{}/template/transcodings", "CreateTransTemplate"),
    ("POST", "/v1/{}/transcodings", "CreateTranscodingTask"),
    ("POST", "/v1/{}/template/watermark", "CreateWatermarkTemplate"),
    ("DELETE", "/v1/{}/animated-graphics", "DeleteAnimatedGraphicsTask"),
    ("DELETE", "/v1/{}/editing/jobs", "DeleteEditingJob"),
    ("DELETE", "/v1/{}/encryptions", "DeleteEncryptTask"),
    ("DELETE", "/v1/{}/extract-metadata", "DeleteExtractTask"),
    ("DELETE", "/v1/{}/enhancements", "DeleteMediaProcessTask"),
    ("DELETE", "/v1/{}/audio/services/merge_channels/task", "DeleteMergeChannelsTask"),
    ("DELETE", "/v1/{}/template/qualityenhance", "DeleteQualityEnhanceTemplate"),
    ("DELETE", "/v1/{}/remux/task", "DeleteRemuxTask"),
    ("DELETE", "/v1/{}/audio/services/reset_tracks/task", "DeleteResetTracksTask"),
    ("DELETE", "/v1/{}/template/transcodings", "DeleteTemplate"),
    ("DELETE", "/v1/{}/template_group/transcodings", "DeleteTemplateGroup"),
    ("DELETE", "/v1/{}/thumbnails", "DeleteThumbnailsTask"),
    ("DELETE", "/v1/{}/transcodings", "DeleteTranscodingTask"),
    ("DELETE", "/v1/{}/transcodings/task", "DeleteTranscodingTaskByConsole"),
    ("DELETE", "/v1/{}/template/watermark", "DeleteWatermarkTemplate"),
    ("GET", "/v1/{}/buckets", "ListAllBuckets"),
    ("GET", "/v1.0-ext/{}/objects", "ListAllObsObjList"),
    ("GET", "/v1/{}/animated-graphics", "ListAnimatedGraphicsTask"),
    ("GET", "/v1/{}/editing/jobs", "ListEditingJob"),
    ("GET", "/v1/{}/encryptions", "ListEncryptTask"),
    ("GET", "/v1/{}/extract-metadata", "ListExtractTask"),
    ("GET", "/v1/{}/enhancements", "ListMediaProcessTask"),
    ("GET", "/v1/{}/audio/services/merge_channels/task", "ListMergeChannelsTask"),
    ("GET", "/v1/{}/notification/event", "ListNotifyEvent"),
    ("GET", "/v1/{}/notification", "ListNotifySmnTopicConfig"),
    ("GET", "/v1/{}/template/qualityenhance/default", "ListQualityEnhanceDefaultTemplate"),
    ("GET", "/v1/{}/remux", "ListRemuxTask"),
    ("GET", "/v1/{}/audio/services/reset_tracks/task", "ListResetTracksTask"),
    ("GET", "/v1/{}/transcodings/summaries", "ListStatSummary"),
    ("GET", "/v1/{}/template/transcodings", "ListTemplate"),
    ("GET", "/v1/{}/template_group/transcodings", "ListTemplateGroup"),
    ("GET", "/v1/{}/thumbnails", "ListThumbnailsTask"),
    ("GET", "/v1/{}/transcodings/detail", "ListTranscodeDetail"),
    ("GET", "/v1/{}/transcodings", "ListTranscodingTask"),
    ("GET", "/v1/{}/template/watermark", "ListWatermarkTemplate"),
    ("PUT", "/v1/{}/notification", "NotifySmnTopicConfig"),
    ("GET", "/v1/{}/agencies", "ShowAgenciesTask"),
    ("GET", "/v1/{}/tenant/access", "ShowTenantAccessInfo"),
    ("PUT", "/v1/{}/authority", "UpdateBucketAuthorized"),
    ("PUT", "/v1/{}/template/qualityenhance", "UpdateQualityEnhanceTemplate"),
    ("PUT", "/v1/{}/template_group/transcodings", "UpdateTemplateGroup"),
    ("PUT", "/v1/{}/tenant/access", "UpdateTenantAccessInfo"),
    ("PUT", "/v1/{}/template/transcodings", "UpdateTransTemplate"),
    ("PUT", "/v1/{}/template/watermark", "UpdateWatermarkTemplate"),
];

/// The operation of this method below this path, in which `{}` stands for the project.
pub(crate) fn find(method: &str, path: &str) -> Option<&'static str> {
    let mut routes = ROUTES.iter();
    let found = routes.find(|(its_method, its_path, _)| *its_method == method && *its_path == path);
    found.map(|(_, _, action)| *action)
}
