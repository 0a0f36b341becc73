"""Library of the TumorConnectome module: core, readers, imaging, synthetic, widgets, commands, module (see each package)."""
