//! Which product of a graph may keep its intermediate results where another one has had them.
//!
//! Products that may run at the same time must not share memory. One that stands behind another on every path may take its
//! lane over; when there are too many lanes, it waits for one.

/// The most lanes of a graph: each costs as much memory as cuBLAS wants.
const LANES_MAX: usize = 8;

/// The lanes of a graph under construction.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    /// For each lane: how many products have had it, and the last one's index.
    lanes: Vec<(u32, u32)>,
    /// For each node: how many products of each lane are done when it is.
    done: Vec<[u32; LANES_MAX]>,
}

/// What a product gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) lane: usize,
    /// Another node that it has to wait for.
    pub(crate) after: Option<u32>,
}

impl Lanes {
    /// The next node, which is no product. Dependencies are indices of earlier nodes.
    pub(crate) fn pass(&mut self, dependencies: &[u32]) {
        self.done.push(self.done_before(dependencies));
    }

    /// The next node, which is a product.
    pub(crate) fn take(&mut self, dependencies: &[u32]) -> Turn {
        let index = self.done.len() as u32;
        let mut done = self.done_before(dependencies);
        let free = self.lanes.iter().zip(&done).position(|((uses, _), done)| uses == done);
        let (lane, after) = match free {
            Some(lane) => (lane, None),
            None if self.lanes.len() < LANES_MAX => {
                self.lanes.push((0, 0));
                (self.lanes.len() - 1, None)
            }
            None => {
                let lane = index as usize % LANES_MAX;
                (lane, Some(self.lanes[lane].1))
            }
        };
        if let Some(after) = after {
            done = self.done_before(&[dependencies, &[after]].concat());
        }
        let (uses, last) = &mut self.lanes[lane];
        (*uses, *last) = (*uses + 1, index);
        done[lane] = *uses;
        self.done.push(done);
        Turn { lane, after }
    }

    fn done_before(&self, dependencies: &[u32]) -> [u32; LANES_MAX] {
        let before = dependencies.iter().map(|index| self.done[*index as usize]);
        before.fold([0; LANES_MAX], |all, one| std::array::from_fn(|lane| all[lane].max(one[lane])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(lane: usize) -> Turn {
        Turn { lane, after: None }
    }

    #[test]
    fn a_chain_shares_one_lane() {
        let mut lanes = Lanes::default();
        assert_eq!(lanes.take(&[]), turn(0));
        lanes.pass(&[0]);
        assert_eq!(lanes.take(&[1]), turn(0));
        assert_eq!(lanes.take(&[2]), turn(0));
    }

    #[test]
    fn branches_have_their_own_until_they_join() {
        let mut lanes = Lanes::default();
        lanes.pass(&[]);
        assert_eq!(lanes.take(&[0]), turn(0));
        assert_eq!(lanes.take(&[0]), turn(1));
        assert_eq!(lanes.take(&[1]), turn(0));
        assert_eq!(lanes.take(&[1]), turn(2), "beside the one before it");
        lanes.pass(&[2, 3, 4]);
        assert_eq!(lanes.take(&[5]), turn(0));
        assert_eq!(lanes.take(&[5]), turn(1), "beside the one before it");
    }

    #[test]
    fn too_many_branches_wait_for_each_other() {
        let mut lanes = Lanes::default();
        let turns: Vec<Turn> = (0..10).map(|_| lanes.take(&[])).collect();
        assert_eq!(turns[..8], std::array::from_fn::<_, 8, _>(turn));
        assert_eq!(turns[8..], [Turn { lane: 0, after: Some(0) }, Turn { lane: 1, after: Some(1) }]);
        assert_eq!(lanes.take(&[8, 9]), turn(0));
    }
}
