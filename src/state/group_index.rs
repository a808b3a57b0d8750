//! Group ids for the rows of states: a group is a shop, an agent, or the agents of a shop that belong together on a day.

use super::accumulator::NO_GROUP;
use crate::names::Interner;
use arrow::array::types::Int32Type;
use arrow::array::{Array, AsArray, RecordBatch};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name of the group that each account belongs to on a day, by shop id and agent id. Accounts without a group are missing.
pub type GroupsByAgent = BTreeMap<(String, String), String>;

/// Group ids from 0 for the shops, agents or teams that rows belong to.
#[derive(Default)]
pub(super) struct GroupIndex {
    /// Set where an agent's row belongs to a group of agents: as of the day whose rows arrive.
    groups_by_agent: Option<Arc<GroupsByAgent>>,
    ids: Interner,
    /// Group id by the codes of a row's shop and agent; `NO_GROUP` for an agent without a group.
    by_row_key: HashMap<(u32, u32), u32>,
    /// Group id by the codes of the group's shop and agent or group of agents.
    by_group: HashMap<(u32, u32), u32>,
    /// By group id: the codes of its shop and its agent or group of agents, 0 for none.
    groups: Vec<(u32, u32)>,
}

impl GroupIndex {
    /// The groups of agents as of the last day; `None` where every agent or shop is a group by itself.
    pub(super) fn groups_by_agent(&self) -> Option<&GroupsByAgent> {
        self.groups_by_agent.as_deref()
    }

    /// Sets the groups of agents on the day whose rows arrive next.
    pub(super) fn set_groups_by_agent(&mut self, groups: &Arc<GroupsByAgent>) {
        if self.groups_by_agent.as_ref().is_none_or(|known| !Arc::ptr_eq(known, groups)) {
            self.by_row_key.clear();
            self.groups_by_agent = Some(Arc::clone(groups));
        }
    }

    /// The group id of each row of a state, or `NO_GROUP`.
    pub(super) fn group_ids(&mut self, rows: &RecordBatch) -> Vec<u32> {
        self.group_ids_by(rows, "agent_id")
    }

    /// The same where another column than `agent_id` says which of a shop's groups a row belongs to.
    pub(super) fn group_ids_by(&mut self, rows: &RecordBatch, member: &str) -> Vec<u32> {
        let mut id_codes = |name: &str| {
            let ids = rows.column_by_name(name)?.as_dictionary_opt::<Int32Type>()?;
            // Only ids that rows have get a code: of a dictionary of many agents, few may be of the shops that are read.
            let (values, mut codes) = (ids.values().as_string::<i32>(), vec![None; ids.values().len()]);
            let mut code =
                |key: usize| *codes[key].get_or_insert_with(|| if values.is_null(key) { 0 } else { self.ids.intern(values.value(key)) });
            Some((0..rows.num_rows()).map(|row| ids.key(row).map_or(0, &mut code)).collect::<Vec<_>>())
        };
        let no_codes = || vec![0; rows.num_rows()];
        let (shops, agents) = (id_codes("shop_id").unwrap_or_else(no_codes), id_codes(member).unwrap_or_else(no_codes));
        let mut last: Option<((u32, u32), u32)> = None;
        let mut group_id = |row_key| match last {
            Some((known, group_id)) if known == row_key => group_id,
            _ => last.insert((row_key, self.group_id(row_key))).1,
        };
        shops.into_iter().zip(agents).map(&mut group_id).collect()
    }

    /// The group id of a row key, which is new if the group is.
    fn group_id(&mut self, row_key: (u32, u32)) -> u32 {
        if let Some(known) = self.by_row_key.get(&row_key) {
            return *known;
        }
        let group_id = self.group(row_key).map_or(NO_GROUP, |group| {
            let next = self.groups.len() as u32;
            let group_id = *self.by_group.entry(group).or_insert(next);
            if group_id == next {
                self.groups.push(group);
            }
            group_id
        });
        self.by_row_key.insert(row_key, group_id);
        group_id
    }

    /// The group that a row key belongs to: itself, or the shop and the agent's group.
    fn group(&mut self, row_key: (u32, u32)) -> Option<(u32, u32)> {
        let Some(groups) = &self.groups_by_agent else { return Some(row_key) };
        let [shop, agent] = [row_key.0, row_key.1].map(|code| self.ids.resolve(code).to_owned());
        Some((row_key.0, self.ids.intern(groups.get(&(shop, agent))?)))
    }

    /// The shop id of a group.
    pub(super) fn shop(&self, group_id: u32) -> &str {
        self.ids.resolve(self.groups[group_id as usize].0)
    }

    /// The agent id of a group, or the name of its group of agents.
    pub(super) fn agent(&self, group_id: u32) -> Option<&str> {
        let agent = self.groups[group_id as usize].1;
        (agent > 0).then(|| self.ids.resolve(agent))
    }
}
