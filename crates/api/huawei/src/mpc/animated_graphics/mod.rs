//! A part of a video as an animated picture.

pub(super) mod create_animated_graphics_task;
pub(super) mod delete_animated_graphics_task;
pub(super) mod list_animated_graphics_task;
