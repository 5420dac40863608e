"""New code in the handbook's layout: a project, a sub-application, a model. Nothing is imported."""
