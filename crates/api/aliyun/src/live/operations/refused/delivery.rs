//! Domains and delivery.

use super::Family;

pub(super) const FAMILIES: &[Family] = &[
    Family {
        reason: "Domains of a delivery network are not part of Reelgate: CreateEdgeTranscodeJob takes the addresses of a stream, and the account's rules say which hosts these may name.",
        actions: &[
            "AddLiveDomain",
            "AddLiveDomainMapping",
            "AddLiveDomainPlayMapping",
            "BatchDeleteLiveDomainConfigs",
            "BatchSetLiveDomainConfigs",
            "DeleteLiveDomain",
            "DeleteLiveDomainMapping",
            "DeleteLiveDomainPlayMapping",
            "DeleteLiveSpecificStagingConfig",
            "DescribeLiveDomainConfigs",
            "DescribeLiveDomainDetail",
            "DescribeLiveDomainLimit",
            "DescribeLiveDomainMapping",
            "DescribeLiveDomainStagingConfig",
            "DescribeLiveUserDomains",
            "DescribeLiveVerifyContent",
            "ModifyLiveDomainSchdmByProperty",
            "PublishLiveStagingConfigToProduction",
            "RollbackLiveStagingConfig",
            "SetLiveDomainStagingConfig",
            "StartLiveDomain",
            "StopLiveDomain",
            "VerifyLiveDomainOwner",
        ],
    },
    Family {
        reason: "Delivery to viewers is not part of Reelgate: the server that a stream is pushed to, or the bucket that its HLS is in, does that.",
        actions: &[
            "CreateLivePrivateLine",
            "DeleteLivePrivateLine",
            "DescribeLiveCdnDiagnoseInfo",
            "DescribeLiveIpInfo",
            "DescribeLivePrivateLineAreas",
            "DescribeLivePrivateLineAvailGA",
            "DescribeLiveStreamAuthChecking",
            "DescribeLiveStreamDelayConfig",
            "DescribeLiveStreamPreloadTasks",
            "SetLiveStreamDelayConfig",
            "SetLiveStreamPreloadTasks",
        ],
    },
    Family {
        reason: "Certificates of domains are not kept: the server's own are named in its configuration.",
        actions: &[
            "DescribeLiveCertificateDetail",
            "DescribeLiveCertificateList",
            "DescribeLiveDomainByCertificate",
            "DescribeLiveDomainCertificateInfo",
            "DescribeLiveHttpsDomainList",
            "SetLiveDomainCertificate",
        ],
    },
    Family {
        reason: "Tags and resource groups are not kept: ListEdgeTranscodeJob finds streams by their names.",
        actions: &[
            "ChangeLiveDomainResourceGroup",
            "DescribeLiveTagResources",
            "DescribeLiveUserTags",
            "ListLiveTagResources",
            "TagLiveResources",
            "UnTagLiveResources",
        ],
    },
];
