//! All products that are served, together: what policies, limits, docs and the error centre look things up in.

use serde_json::json;

use crate::operation::{AccessLevel, ErrorCode, Operation, Product, Served};

/// The products, in the order in which they are shown.
#[derive(Debug, Clone, Default)]
pub struct Catalogue(pub Vec<&'static Product>);

/// A served operation with the product it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    pub product: &'static Product,
    pub operation: &'static Operation,
    pub served: &'static Served,
}

impl Action {
    /// Its name in policies and limits, such as `mts:CancelJob`.
    pub fn policy_action(&self) -> String {
        self.product.policy_action(self.operation.action)
    }
}

/// A row of the error centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeEntry {
    pub dialect: &'static str,
    /// Name of the product; none if all products of the dialect answer the code.
    pub product: Option<&'static str>,
    pub error: &'static ErrorCode,
}

/// A policy that every account has and nobody can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemPolicy {
    pub name: String,
    /// The document, as JSON.
    pub document: String,
}

impl Catalogue {
    /// Looks a served operation up by its name in policies, such as `mts:CancelJob`.
    pub fn find(&self, policy_action: &str) -> Option<Action> {
        let (ram_code, action) = policy_action.split_once(':')?;
        let mut products = self.0.iter().filter(|one| one.ram_code == ram_code);
        products.find_map(|product| {
            let operation = product.find(action)?;
            Action::of(product, operation)
        })
    }

    /// Every served operation, product by product.
    pub fn actions(&self) -> impl Iterator<Item = Action> + '_ {
        self.0.iter().flat_map(|product| {
            let rows = product.operations.iter();
            rows.filter_map(|operation| Action::of(product, operation))
        })
    }

    /// Every code that can be answered: of each dialect those that its products share, then those of each product.
    pub fn all_errors(&self) -> Vec<CodeEntry> {
        let mut entries = Vec::new();
        let mut dialects = Vec::new();
        for product in &self.0 {
            let dialect = product.dialect;
            let of = |product| {
                move |error| CodeEntry {
                    dialect,
                    product,
                    error,
                }
            };
            if !dialects.contains(&dialect) {
                dialects.push(dialect);
                entries.extend(product.shared_errors.iter().map(of(None)));
            }
            entries.extend(product.errors.iter().map(of(Some(product.name))));
        }
        entries
    }

    /// The rows of a code as a caller saw it, so that `MissingJobId` finds `Missing{Name}`. In each product a row for the
    /// very code hides those with a placeholder.
    pub fn errors(&self, code: &str) -> Vec<CodeEntry> {
        let mut entries = self.all_errors();
        entries.retain(|entry| entry.error.is_for(code));
        let exact: Vec<_> = entries
            .iter()
            .filter(|entry| !entry.error.has_placeholder())
            .map(|entry| entry.dialect)
            .collect();
        entries.retain(|entry| !entry.error.has_placeholder() || !exact.contains(&entry.dialect));
        entries
    }

    /// The policies that come with the program: full and reading access to everything, and to each product.
    pub fn system_policies(&self) -> Vec<SystemPolicy> {
        let mut policies = vec![
            SystemPolicy::new("AdministratorAccess".to_owned(), ["*".to_owned()]),
            SystemPolicy::new("ReadOnlyAccess".to_owned(), self.reading(|_| true)),
        ];
        for product in &self.0 {
            let name = product.policy_name;
            let everything = format!("{}:*", product.ram_code);
            policies.push(SystemPolicy::new(format!("{name}FullAccess"), [everything]));
            let reading = self.reading(|action| action.product == *product);
            if !reading.is_empty() {
                policies.push(SystemPolicy::new(format!("{name}ReadOnlyAccess"), reading));
            }
        }
        policies
    }

    /// The operations that change nothing, by name: a pattern would let in what is added later.
    fn reading(&self, wanted: impl Fn(&Action) -> bool) -> Vec<String> {
        let reading = self
            .actions()
            .filter(|action| action.served.access != AccessLevel::Write && wanted(action));
        reading.map(|action| action.policy_action()).collect()
    }
}

impl Action {
    fn of(product: &'static Product, operation: &'static Operation) -> Option<Self> {
        let served = operation.served()?;
        Some(Self {
            product,
            operation,
            served,
        })
    }
}

impl SystemPolicy {
    fn new(name: String, actions: impl IntoIterator<Item = String>) -> Self {
        let actions: Vec<_> = actions.into_iter().collect();
        let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
        let document = json!({"Version": "1", "Statement": [statement]}).to_string();
        Self { name, document }
    }
}

#[cfg(test)]
mod tests;
