"""Library of the TumorConnectome module: core, imaging, synthetic, widgets, commands, module (see each package)."""
