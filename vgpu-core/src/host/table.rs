//! Handles: a table's index with a generation, so that a stale or invented handle finds nothing.

/// Values under 64-bit handles that are never 0 and not reused soon.
#[derive(Debug)]
pub struct Table<T> {
    slots: Vec<Slot<T>>,
    vacant: Vec<u32>,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), vacant: Vec::new() }
    }
}

impl<T> Table<T> {
    /// Stores a value; the result is its handle.
    pub fn insert(&mut self, value: T) -> u64 {
        let index = self.vacant.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, value: None });
            u32::try_from(self.slots.len() - 1).expect("four billion objects do not fit in memory")
        });
        let slot = &mut self.slots[index as usize];
        slot.generation = slot.generation.wrapping_add(1);
        slot.value = Some(value);
        handle(slot.generation, index)
    }

    /// The value of a handle that is still good.
    pub fn get(&self, handle: u64) -> Option<&T> {
        let (generation, index) = parts(handle)?;
        let slot = self.slots.get(index)?;
        slot.value.as_ref().filter(|_| slot.generation == generation)
    }

    /// As [`Table::get`], to change it.
    pub fn get_mut(&mut self, handle: u64) -> Option<&mut T> {
        let (generation, index) = parts(handle)?;
        let slot = self.slots.get_mut(index)?;
        slot.value.as_mut().filter(|_| slot.generation == generation)
    }

    /// Takes the value out; its handle finds nothing from now on.
    pub fn remove(&mut self, handle: u64) -> Option<T> {
        let (generation, index) = parts(handle)?;
        let slot = self.slots.get_mut(index)?;
        if slot.generation != generation {
            return None;
        }
        let value = slot.value.take()?;
        self.vacant.push(u32::try_from(index).expect("an index of the table came from a u32"));
        Some(value)
    }

    /// The handle of the first value that `matches`.
    pub fn find(&self, matches: impl Fn(&T) -> bool) -> Option<u64> {
        let index = self.slots.iter().position(|slot| slot.value.as_ref().is_some_and(&matches))?;
        Some(handle(self.slots[index].generation, u32::try_from(index).ok()?))
    }

    /// Takes out every value that `matches`.
    pub fn remove_where(&mut self, matches: impl Fn(&T) -> bool) -> Vec<T> {
        let handles: Vec<u64> = self
            .slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.value.as_ref().is_some_and(&matches))
            .filter_map(|(index, slot)| Some(handle(slot.generation, u32::try_from(index).ok()?)))
            .collect();
        handles.into_iter().filter_map(|handle| self.remove(handle)).collect()
    }
}

fn handle(generation: u32, index: u32) -> u64 {
    // One more than the index, so that 0 is never a handle.
    (u64::from(generation) << 32) | (u64::from(index) + 1)
}

fn parts(handle: u64) -> Option<(u32, usize)> {
    let generation = u32::try_from(handle >> 32).ok()?;
    let index = (handle & 0xffff_ffff).checked_sub(1)?;
    Some((generation, usize::try_from(index).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_handle_finds_nothing_after_its_slot_is_reused() {
        let mut table = Table::default();
        let first = table.insert("a");
        assert_eq!(table.remove(first), Some("a"));
        let second = table.insert("b");
        assert_ne!(first, second);
        assert_eq!(table.get(first), None);
        assert_eq!(table.remove(first), None);
        assert_eq!(table.get(second), Some(&"b"));
    }

    #[test]
    fn invented_handles_find_nothing() {
        let mut table = Table::default();
        table.insert(1);
        assert!([0, 1, u64::MAX, 1 << 32, (1 << 32) | 2].iter().all(|&handle| table.get(handle).is_none()));
    }
}
