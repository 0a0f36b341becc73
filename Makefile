# make run     the module in a window (or pictures, without a display) on the demo cohort
# make run DATA=FOLDER   the same on a folder of embedding files
# make test    all tests (those of the host first: they need the main window for themselves)
# make screenshots       the pictures of the README, from the running module
# make docs    the documentation of the Python API, in output/docs
.PHONY: run test screenshots docs lint clean
PYTHON = .venv/bin/python

run: .venv/ready
	@PYTHONPATH=TumorConnectome:Testing $(PYTHON) Testing/run.py $(if $(DATA),--data "$(DATA)")

test: .venv/ready
ifdef ARGS
	@$(PYTHON) -m pytest $(ARGS)
else
	@$(PYTHON) Testing/all_tests.py
endif

screenshots: .venv/ready
	@PYTHONPATH=TumorConnectome:Testing $(PYTHON) Testing/screenshots.py $(if $(DATA),--data "$(DATA)")

docs: .venv/ready
	@$(PYTHON) Testing/tools/make_docs.py

lint: .venv/ready
	@$(PYTHON) -m ruff check .

# setup.sh makes .venv and checks the system libraries; it does nothing when all is there
.venv/ready: requirements.txt Testing/setup.sh Testing/system_libraries.py
	@sh Testing/setup.sh

clean:
	rm -rf .venv output .pytest_cache .ruff_cache
