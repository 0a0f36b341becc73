"""Evidence for each model: retrieval against labels with chance levels and uncertainty, controls, confounds, and a verdict."""
