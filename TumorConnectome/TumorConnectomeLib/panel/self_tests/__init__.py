"""The module's self-test: user stories on the synthetic cohort, without a network, by ctest in Slicer and by pytest outside."""
