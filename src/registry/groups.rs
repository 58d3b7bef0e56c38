//! Groups of sockets that receive the same events.

use std::collections::{HashMap, HashSet};

use crate::domain::{Role, TripId, UserId};

/// The id of a socket, unique within the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub u64);

/// Sockets that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// The sockets that watch a trip that is not over: those of its parties, and others that want its driver's
    /// position.
    Trip(TripId),
    /// All sockets of one account.
    User(UserId),
    /// All sockets of one role. Requests, for example, go to all drivers.
    Role(Role),
}

/// Groups by socket and sockets by group. A group without members does not exist.
#[derive(Debug, Default)]
pub struct Groups {
    members: HashMap<Group, HashSet<SocketId>>,
    joined: HashMap<SocketId, HashSet<Group>>,
}

impl Groups {
    /// Puts a socket into a group. Doing so again changes nothing.
    pub fn join(&mut self, socket: SocketId, group: Group) {
        self.members.entry(group).or_default().insert(socket);
        self.joined.entry(socket).or_default().insert(group);
    }

    /// Takes a socket out of all its groups.
    pub fn forget(&mut self, socket: SocketId) {
        for group in self.joined.remove(&socket).unwrap_or_default() {
            self.leave(socket, group);
        }
    }

    /// Takes a socket out of a group.
    pub fn leave(&mut self, socket: SocketId, group: Group) {
        if let Some(groups) = self.joined.get_mut(&socket) {
            groups.remove(&group);
        }
        if let Some(members) = self.members.get_mut(&group) {
            members.remove(&socket);
            if members.is_empty() {
                self.members.remove(&group);
            }
        }
    }

    /// Removes a group with all its members.
    pub fn disband(&mut self, group: Group) {
        for socket in self.members.remove(&group).unwrap_or_default() {
            if let Some(groups) = self.joined.get_mut(&socket) {
                groups.remove(&group);
            }
        }
    }

    /// The sockets in a group.
    pub fn members(&self, group: Group) -> impl Iterator<Item = SocketId> {
        self.members.get(&group).into_iter().flatten().copied()
    }

    /// Whether a socket is in a group.
    pub fn is_member(&self, socket: SocketId, group: Group) -> bool {
        self.members
            .get(&group)
            .is_some_and(|members| members.contains(&socket))
    }

    /// How many sockets are in a group.
    pub fn size(&self, group: Group) -> usize {
        self.members.get(&group).map_or(0, HashSet::len)
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are no groups.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: SocketId = SocketId(1);
    const B: SocketId = SocketId(2);
    const DRIVERS: Group = Group::Role(Role::Driver);
    const ANN: Group = Group::User(UserId::new(1));

    #[test]
    fn a_group_lives_as_long_as_it_has_members() {
        let mut groups = Groups::default();
        groups.join(A, DRIVERS);
        groups.join(A, ANN);
        groups.join(B, DRIVERS);
        groups.leave(A, ANN);
        assert_eq!(groups.len(), 1);
        groups.forget(A);
        assert_eq!(groups.members(DRIVERS).collect::<Vec<_>>(), [B]);
        assert_eq!(groups.len(), 1);
        groups.forget(B);
        assert!(groups.is_empty());
        assert!(groups.joined.is_empty());
    }

    #[test]
    fn joining_twice_is_joining_once() {
        let mut groups = Groups::default();
        groups.join(A, ANN);
        groups.join(A, ANN);
        assert_eq!(groups.size(ANN), 1);
    }

    #[test]
    fn a_disbanded_group_leaves_the_others_alone() {
        let mut groups = Groups::default();
        groups.join(A, ANN);
        groups.join(A, DRIVERS);
        groups.disband(ANN);
        assert!(!groups.is_member(A, ANN));
        assert!(groups.is_member(A, DRIVERS));
    }
}
