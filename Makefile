# make demo: the main job on a phantom, or on your own scan with  make demo INPUT=path/to/scan
# make test: all fast tests.  make test-slow: the minutes-long ones.  make lint: style.
# Each sets up what it needs in .venv of this folder, once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUTPUT ?= demo
# Where the CPU builds of PyTorch are published, for a pip that finds none elsewhere.
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu
# One thread for each test process: two test processes share two cores.
TEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

.PHONY: demo test test-slow lint clean

demo: $(VENV)/demo-ready
	$(BIN)/thinslicesr demo --output "$(OUTPUT)" $(if $(INPUT),--input "$(INPUT)")

test: $(VENV)/test-ready
	$(TEST) -m "not slow"

test-slow: $(VENV)/test-ready
	$(TEST) -m slow

lint: $(VENV)/test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

clean:
	rm -rf $(VENV) demo build *.egg-info

$(VENV)/torch-ready:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or later is needed; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	find_cpu_build() { $(BIN)/pip index versions torch --retries 0 "$$@" 2>/dev/null | grep -o '[0-9][0-9.]*+cpu' | head -n 1; }; \
	index=; build=$$(find_cpu_build); \
	[ -n "$$build" ] || { index="--extra-index-url $(TORCH_CPU_INDEX)"; build=$$(find_cpu_build $$index); }; \
	echo "PyTorch $${build:-without a build of its own for CPUs}"; \
	$(BIN)/pip install --quiet $${build:+$$index} "torch$${build:+==$$build}"
	touch $@

$(VENV)/demo-ready: $(VENV)/torch-ready pyproject.toml
	$(BIN)/pip install --quiet --editable ".[demo]"
	touch $@

$(VENV)/test-ready: $(VENV)/torch-ready pyproject.toml
	$(BIN)/pip install --quiet --editable ".[test]"
	touch $@
