//! Where a component listens.

use std::net::SocketAddr;

use tokio::sync::watch;

/// The addresses on which a component has begun to listen, in order. Clones are views of the same list.
#[derive(Debug, Clone, Default)]
pub struct Listening(watch::Sender<Vec<SocketAddr>>);

impl Listening {
    /// All of them; those that were closed again are still there.
    pub fn all(&self) -> Vec<SocketAddr> {
        self.0.borrow().clone()
    }

    /// Returns the first one, once there is one. Port 0 is the one that the system chose.
    pub async fn first(&self) -> SocketAddr {
        let mut addresses = self.0.subscribe();
        loop {
            if let Some(address) = addresses.borrow_and_update().first() {
                return *address;
            }
            // The sender lives as long as `self`, so the wait cannot fail.
            let _ = addresses.changed().await;
        }
    }

    pub(crate) fn note(&self, address: SocketAddr) {
        self.0.send_modify(|addresses| addresses.push(address));
    }
}
