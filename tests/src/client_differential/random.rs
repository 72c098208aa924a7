//! The same numbers for the same seed, on every machine and for ever: SplitMix64 (Steele, Lea, Flood 2014).

/// A source of choices.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    /// One for each program, so that one can be had without those before it.
    pub(super) fn new(seed: u64, id: u64) -> Self {
        let mut random = Self(seed ^ id.wrapping_mul(0xd6e8_feb8_6659_fd93));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// True in `percent` of a hundred cases.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    pub(super) fn pick<T: Clone>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())].clone()
    }

    /// One of them, each as often as its weight says.
    pub(super) fn weighted<T: Clone>(&mut self, among: &[(usize, T)]) -> T {
        let mut left = self.below(among.iter().map(|choice| choice.0).sum());
        let chosen = among.iter().find(|choice| match left.checked_sub(choice.0) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        chosen.expect("the sum is above every choice").1.clone()
    }
}
