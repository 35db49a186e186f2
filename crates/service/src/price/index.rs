//! Prices on their way to where calls are priced: compiled when they change.

use std::collections::BTreeMap;

use keyward_domain::{id::OrganizationId, price_override::PriceBook};
use keyward_store::{Conn, price};

use crate::{Keyward, Result};

/// Reads the prices of all organizations.
pub(crate) async fn load(keyward: &Keyward, conn: &mut Conn<'_>) -> Result<()> {
    let mut by_organization: BTreeMap<OrganizationId, Vec<_>> = BTreeMap::new();
    for price in price::all(conn).await? {
        by_organization.entry(price.organization).or_default().push(price);
    }
    for (organization, prices) in by_organization {
        keyward.index.put_prices(organization, PriceBook::new(prices));
    }
    Ok(())
}

/// Reads the prices of one organization.
pub(crate) async fn take_in(keyward: &Keyward, conn: &mut Conn<'_>, organization: OrganizationId) -> Result<()> {
    let prices = price::of_organization(conn, organization).await?;
    keyward.index.put_prices(organization, PriceBook::new(prices));
    Ok(())
}
