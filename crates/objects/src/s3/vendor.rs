//! Vendors: what stores that speak S3 do differently, in one table.

use reelgate_domain::S3Style;

/// What is known of a vendor's S3 interface.
#[derive(Debug)]
pub struct Vendor {
    pub name: &'static str,
    /// Its endpoints end in one of these; none for stores that anybody runs.
    hosts: &'static [&'static str],
    /// How a bucket may be named; the first is the default.
    pub styles: &'static [S3Style],
    /// Whether the content of uploads is part of the signature. Where it is not, TLS alone keeps it
    /// as it was sent.
    pub signs_content: bool,
    /// Takes the region out of the first part of an endpoint's host name.
    region: fn(&str) -> Option<&str>,
    /// What its documentation says about it.
    pub quirks: &'static str,
}

/// Every vendor; the last is anybody else.
pub const VENDORS: &[Vendor] = &[
    Vendor {
        name: "Alibaba Cloud OSS",
        hosts: &[".aliyuncs.com"],
        styles: &[S3Style::Virtual],
        signs_content: false,
        region: oss_region,
        quirks: "endpoint https://s3.oss-REGION.aliyuncs.com; refuses path style \
                 (SecondLevelDomainForbidden), conditional puts (501) and aws-chunked content",
    },
    Vendor {
        name: "Huawei Cloud OBS",
        hosts: &[".myhuaweicloud.com", ".myhuaweicloud.eu"],
        styles: &[S3Style::Virtual],
        signs_content: true,
        region: obs_region,
        quirks: "endpoint https://obs.REGION.myhuaweicloud.com; answers path style with NoSuchKey, \
                 but for HEAD",
    },
    Vendor {
        name: "Amazon S3",
        hosts: &[".amazonaws.com", ".amazonaws.com.cn"],
        styles: &[S3Style::Virtual, S3Style::Path],
        signs_content: true,
        region: aws_region,
        quirks: "endpoint https://s3.REGION.amazonaws.com; a bucket with dots in its name needs path \
                 style, because no certificate covers it",
    },
    Vendor {
        name: "S3",
        hosts: &[],
        styles: &[S3Style::Path, S3Style::Virtual],
        signs_content: true,
        region: |_| None,
        quirks: "path style by default, because virtual hosts need names for every bucket",
    },
];

impl Vendor {
    /// Whose endpoint this is.
    pub fn of(host: &str) -> &'static Self {
        let host = host.to_ascii_lowercase();
        let is_of = |vendor: &&Self| vendor.hosts.iter().any(|end| host.ends_with(end));
        let anybody = VENDORS.last().expect("the table has rows");
        VENDORS.iter().find(is_of).unwrap_or(anybody)
    }

    /// The region that an endpoint's host name tells.
    pub fn region_of(&self, host: &str) -> Option<String> {
        let host = host.to_ascii_lowercase();
        let end = self.hosts.iter().find(|end| host.ends_with(*end))?;
        (self.region)(host.strip_suffix(end)?).map(str::to_owned)
    }
}

/// `s3.oss-cn-hangzhou` and `oss-cn-hangzhou-internal`.
fn oss_region(head: &str) -> Option<&str> {
    let region = head.strip_prefix("s3.").unwrap_or(head);
    let region = region.strip_prefix("oss-")?;
    Some(region.strip_suffix("-internal").unwrap_or(region))
}

/// `obs.cn-north-4`.
fn obs_region(head: &str) -> Option<&str> {
    head.strip_prefix("obs.")
}

/// `s3.eu-central-1`, and `s3` alone for the oldest.
fn aws_region(head: &str) -> Option<&str> {
    match head.strip_prefix("s3") {
        Some("") => Some("us-east-1"),
        Some(rest) => rest.strip_prefix(['.', '-']),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(host: &str, name: &str, style: S3Style, region: Option<&str>) {
        let vendor = Vendor::of(host);
        assert_eq!((vendor.name, vendor.styles[0]), (name, style), "{host}");
        assert_eq!(vendor.region_of(host).as_deref(), region, "{host}");
    }

    #[test]
    fn a_vendor_and_its_region_are_known_by_the_endpoint() {
        use S3Style::{Path, Virtual};
        let (oss, obs) = ("Alibaba Cloud OSS", "Huawei Cloud OBS");
        let hangzhou = Some("cn-hangzhou");
        check("s3.oss-cn-hangzhou.aliyuncs.com", oss, Virtual, hangzhou);
        check(
            "oss-cn-hangzhou-internal.aliyuncs.com",
            oss,
            Virtual,
            hangzhou,
        );
        let north = Some("cn-north-4");
        check("obs.cn-north-4.myhuaweicloud.com", obs, Virtual, north);
        let aws = "Amazon S3";
        check(
            "s3.eu-central-1.amazonaws.com",
            aws,
            Virtual,
            Some("eu-central-1"),
        );
        check("S3.amazonaws.com", aws, Virtual, Some("us-east-1"));
        check("minio.example.com", "S3", Path, None);
        check("aliyuncs.com.example.com", "S3", Path, None);
        check("127.0.0.1", "S3", Path, None);
    }
}
