//! Streams made, passed on, watched and blocked by rules of domains.

use super::Family;

pub(super) const FAMILIES: &[Family] = &[
    Family {
        reason: "Transcoding by rules of domains is not served: CreateEdgeTranscodeJob makes a stream by the template that it names.",
        actions: &[
            "AddCustomLiveStreamTranscode",
            "AddLiveStreamTranscode",
            "AddRtsLiveStreamTranscode",
            "DeleteLiveStreamTranscode",
            "DescribeLiveDomainTranscodeParams",
            "DescribeLiveStreamTranscodeInfo",
            "UpdateCustomLiveStreamTranscode",
            "UpdateLiveStreamTranscode",
            "UpdateRtsLiveStreamTranscode",
        ],
    },
    Family {
        reason: "Templates are made by the native API: ListEdgeTranscodeTemplate shows which there are.",
        actions: &[
            "CreateCustomTemplate",
            "DeleteCustomTemplate",
            "GetAllCustomTemplates",
            "GetCustomTemplate",
        ],
    },
    Family {
        reason: "Tasks are known by their ids: call GetEdgeTranscodeJob, or StopEdgeTranscodeJob and StartEdgeTranscodeJob.",
        actions: &["GetTranscodeTaskStatus", "RestartTranscodeTask"],
    },
    Family {
        reason: "Origins of domains are not served: CreateEdgeTranscodeJob pulls from the address that it names as StreamInput.",
        actions: &[
            "AddLivePullStreamInfoConfig",
            "DeleteLiveLazyPullStreamInfoConfig",
            "DeleteLivePullStreamInfoConfig",
            "DescribeLiveLazyPullStreamConfig",
            "DescribeLivePullStreamConfig",
            "SetLiveLazyPullStreamInfoConfig",
            "UpdateLivePullStreamInfoConfig",
        ],
    },
    Family {
        reason: "Streams are passed on by CreateEdgeTranscodeJob, with the template that copies if they are to stay as they are.",
        actions: &[
            "AddLiveCenterTransfer",
            "CreateLivePullToPush",
            "DeleteLiveCenterTransfer",
            "DeleteLiveEdgeTransfer",
            "DeleteLivePullToPush",
            "DescribeLiveCenterTransfer",
            "DescribeLiveEdgeTransfer",
            "DescribeLivePullToPush",
            "DescribeLivePullToPushList",
            "MiguLivePullToPushStart",
            "MiguLivePullToPushStatus",
            "RestartLivePullToPush",
            "SetLiveEdgeTransfer",
            "StopLivePullToPush",
            "UpdateLiveCenterTransfer",
            "UpdateLivePullToPush",
        ],
    },
    Family {
        reason: "A stream has one source: there is no second one to fall back to.",
        actions: &[
            "AddLiveStreamMerge",
            "DeleteLiveStreamMerge",
            "DescribeLiveDomainMultiStreamConfig",
            "DescribeLiveStreamMerge",
            "QueryLiveDomainMultiStreamList",
            "SetLiveDomainMultiStreamConfig",
            "SetLiveDomainMultiStreamMaster",
            "SetLiveDomainMultiStreamOptimalMode",
        ],
    },
    Family {
        reason: "Streams are not held back: what comes is passed on at once.",
        actions: &[
            "CreateLiveDelayConfig",
            "DeleteLiveDelayConfig",
            "DescribeLiveDelayConfig",
            "ListLiveDelayConfig",
            "UpdateLiveDelayConfig",
        ],
    },
    Family {
        reason: "Publishers and viewers are not blocked by name: StopEdgeTranscodeJob ends a stream, and the account's rules say which hosts it may use.",
        actions: &[
            "DeleteLiveStreamBlock",
            "DescribeLiveStreamsBlockList",
            "DescribeLiveStreamsControlHistory",
            "DescribeStreamLocationBlock",
            "ForbidLiveStream",
            "ResumeLiveStream",
            "SetLiveStreamBlock",
        ],
    },
    Family {
        reason: "Call ListEdgeTranscodeJob with Status=1, which shows the streams that are running.",
        actions: &[
            "DescribeLiveStreamCount",
            "DescribeLiveStreamState",
            "DescribeLiveStreamsOnlineList",
            "DescribeLiveStreamsPublishList",
            "DescribeLiveStreamsTotalCount",
            "DescribeUidOnlineStreams",
        ],
    },
    Family {
        reason: "Callbacks of streams are not served: the native API tells what happens to a stream while it happens.",
        actions: &[
            "DeleteLiveStreamsNotifyUrlConfig",
            "DescribeLiveStreamsNotifyRecords",
            "DescribeLiveStreamsNotifyUrlConfig",
            "SetLiveStreamsNotifyUrlConfig",
        ],
    },
    Family {
        reason: "Monitors are not served: the native API tells how each stream is, and metrics can be watched.",
        actions: &[
            "CreateLiveStreamMonitor",
            "DeleteLiveStreamMonitor",
            "DescribeLiveStreamMonitorList",
            "StartLiveStreamMonitor",
            "StopLiveStreamMonitor",
            "UpdateLiveStreamMonitor",
        ],
    },
];
