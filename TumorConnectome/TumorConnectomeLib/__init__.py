"""Library of the TumorConnectome module, in rooms that depend one way (see CONTRIBUTING.md and each package)."""
