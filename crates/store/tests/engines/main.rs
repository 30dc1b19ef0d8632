//! Every engine against the suite that all of them pass.

// Said again because it tells the lints that all of it is test code.
#[cfg(test)]
mod apart;
#[cfg(test)]
mod connecting;
#[cfg(test)]
mod copying;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod damaged_assets;
#[cfg(test)]
mod damaged_libraries;
#[cfg(test)]
mod damaged_streams;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod kill_fingerprints;
#[cfg(test)]
mod moving;
#[cfg(test)]
mod mutants;
#[cfg(test)]
mod mutants_on_postgres;
#[cfg(test)]
mod neighbours;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod silence;
#[cfg(test)]
mod sqlite;
#[cfg(test)]
mod storm;
#[cfg(test)]
mod twin;
#[cfg(test)]
mod upgrade;
#[cfg(test)]
mod upgrade_2;
#[cfg(test)]
mod upgrade_5;
#[cfg(test)]
mod upgrade_on_postgres;
