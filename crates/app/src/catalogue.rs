//! The products of all dialects that this program speaks.

use reelgate_api_kit::Catalogue;

/// All products, in the order in which they are shown.
pub(crate) fn catalogue() -> Catalogue {
    let aliyun = reelgate_api_aliyun::products().into_iter();
    let huawei = reelgate_api_huawei::products();
    let native = reelgate_api_native::routes::product();
    Catalogue(aliyun.chain(huawei).chain([native]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_product_is_sound_and_has_a_name_of_its_own() {
        let products = catalogue().0;
        for (at, product) in products.iter().enumerate() {
            assert_eq!(product.faults(), [] as [String; 0], "{}", product.name);
            let same = |other: &&&_| -> bool {
                let other: &reelgate_api_kit::operation::Product = other;
                other.ram_code == product.ram_code && other.version == product.version
            };
            assert_eq!(products[..at].iter().filter(same).count(), 0);
        }
    }
}
