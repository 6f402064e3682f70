//! The stand-in over HTTP, as the gateway and a visitor see it.

mod calls;
mod faults;
mod lookups;
mod results;
mod world;
