//! Requests that are made again and again: what can be settled once is, and answers can be taken by number, without a
//! handle for each.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use super::{
    Agent, AgentChoice, ClientRequest, RequestEvents, RequestOptions, WholeResponse, exchange::Exchange,
    plan::Plan, writing::NO_DATE,
};
use crate::{
    error::Error,
    message::OutgoingMessage,
    net::AbortSignal,
    runtime::{self, Announced, Readiness, Signal, next_id},
};

/// A request that can be made any number of times. URL, options and agent are looked at when it is made: what an agent
/// is told later changes none of its heads.
#[derive(Debug)]
pub struct PreparedRequest {
    plan: Plan,
    /// None for one of its own for each request.
    agent: Option<Agent>,
    listening: RequestEvents,
    /// The message with its end, once one was wanted.
    ended: RefCell<Option<OutgoingMessage>>,
    fetches: Rc<Fetches>,
}

/// What a fetch has brought.
#[derive(Debug)]
pub struct Fetched {
    /// The number that it was given.
    pub number: u64,
    /// `request.reusedSocket`.
    pub reused_socket: bool,
    /// The response with all of its body, or why there is none.
    pub response: Result<WholeResponse, Error>,
}

/// The fetches of one prepared request.
#[derive(Debug, Default)]
pub(super) struct Fetches {
    done: RefCell<VecDeque<Fetched>>,
    /// Whether somebody was told of all that is done.
    told: Cell<bool>,
    /// Nobody takes any more.
    abandoned: Cell<bool>,
    changed: Signal,
}

impl PreparedRequest {
    /// Prepares `http.request(url, options)`. `listening` are the events that each request listens to.
    ///
    /// # Errors
    /// As [`ClientRequest::create`].
    pub fn create(
        url: Option<&str>,
        options: RequestOptions,
        agent: Option<&Agent>,
        listening: RequestEvents,
    ) -> Result<Self, Error> {
        let one_shot = agent.is_none() && options.agent == Some(AgentChoice::OneShot);
        let own = if one_shot { Agent::one_shot() } else { agent.cloned().unwrap_or_else(Agent::global) };
        let plan = Plan::new(url, options, Some(&own))?;
        let agent = (!one_shot).then_some(own);
        Ok(Self { plan, agent, listening, ended: RefCell::default(), fetches: Rc::default() })
    }

    /// One more request, which is still to be ended.
    pub fn request(&self, signal: Option<&AbortSignal>) -> ClientRequest {
        self.start(self.plan.outgoing.clone(), self.listening, signal)
    }

    /// One more request, without a body and ended.
    ///
    /// # Errors
    /// As [`ClientRequest::end`].
    pub fn get(&self, signal: Option<&AbortSignal>) -> Result<ClientRequest, Error> {
        Ok(self.start(self.ended()?, self.listening, signal))
    }

    /// One more request for each number, without a body and ended; [`Self::take_fetched`] has their responses, of at
    /// most `limit` bytes each, in the order in which they are complete.
    ///
    /// # Errors
    /// As [`ClientRequest::end`]: then there are no requests.
    pub fn fetch(&self, numbers: &[u64], limit: u64) -> Result<(), Error> {
        for number in numbers {
            let (exchange, agent) = self.exchange(self.ended()?, RequestEvents::default());
            exchange.gather_for(&self.fetches, *number, limit);
            agent.assign(&exchange);
        }
        Ok(())
    }

    /// Takes at most `max` of what was fetched.
    pub fn take_fetched(&self, max: usize) -> Vec<Fetched> {
        let mut done = self.fetches.done.borrow_mut();
        let count = max.min(done.len());
        let taken = done.drain(..count).collect();
        drop(done);
        self.fetches.announce_rest();
        taken
    }

    /// Waits until [`Self::take_fetched`] has something to give. Takes nothing.
    pub async fn ready(&self) {
        runtime::ensure_driver();
        let fetches = &self.fetches;
        fetches.changed.wait(|| (!fetches.is_empty()).then_some(())).await;
    }

    /// What says whenever there is something to take, also while somebody else has this handle.
    pub fn readiness(&self) -> Readiness {
        let fetches: Rc<Fetches> = Rc::clone(&self.fetches);
        Readiness::new(fetches)
    }

    /// Notes what was fetched under this number, which is not 0: see [`runtime::take_watched`].
    pub fn watch(&self, number: u64) {
        self.fetches.changed.watch(number);
    }

    fn start(
        &self,
        outgoing: OutgoingMessage,
        listening: RequestEvents,
        signal: Option<&AbortSignal>,
    ) -> ClientRequest {
        let (exchange, _) = self.exchange(outgoing, listening);
        ClientRequest::start(exchange, None, signal)
    }

    fn exchange(&self, outgoing: OutgoingMessage, listening: RequestEvents) -> (Rc<Exchange>, Agent) {
        let agent = self.agent.clone().unwrap_or_else(Agent::one_shot);
        let settings = Rc::clone(&self.plan.settings);
        let exchange = Exchange::new(next_id(), settings, Some(agent.clone()), outgoing, listening);
        (exchange, agent)
    }

    fn ended(&self) -> Result<OutgoingMessage, Error> {
        let mut ended = self.ended.borrow_mut();
        if let Some(ended) = &*ended {
            return Ok(ended.clone());
        }
        let mut outgoing = self.plan.outgoing.clone();
        outgoing.end(None, NO_DATE)?;
        Ok(ended.insert(outgoing).clone())
    }
}

impl Drop for PreparedRequest {
    fn drop(&mut self) {
        self.fetches.abandoned.set(true);
        self.fetches.done.take();
        self.fetches.changed.notify();
    }
}

impl Fetches {
    pub(super) fn done(&self, fetched: Fetched) {
        if self.abandoned.get() {
            return;
        }
        self.done.borrow_mut().push_back(fetched);
        // Others of this turn are complete, too.
        self.announce();
    }
}

impl Announced for Fetches {
    fn changed(&self) -> &Signal {
        &self.changed
    }

    fn told(&self) -> &Cell<bool> {
        &self.told
    }

    fn is_empty(&self) -> bool {
        self.done.borrow().is_empty()
    }

    fn is_abandoned(&self) -> bool {
        self.abandoned.get()
    }
}
