"""New code in the handbook's layout: a project, a sub-application, a model. It reads a project, never imports it."""
