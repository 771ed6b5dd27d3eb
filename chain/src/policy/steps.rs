//! Steps: order, relations and environments.
