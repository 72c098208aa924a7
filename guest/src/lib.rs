//! Node.js http
