# Everything a user or CI runs. `make run` and `make test` need nothing but the Swift toolchain, git, make and a
# package manager; what is missing is installed first.

KILTER  := .build/release/kilter
BUILD   := swift build -c release --explicit-target-dependency-import-check error
DATA    ?= ../shared/data
NAB     ?= ../NAB

.PHONY: help run test check build deps install golden acceptance python traces peers evidence incidents quality swaps bench bench-instructions bench-detectors bench-projection nab figures fixtures clean

PREFIX  ?= /usr/local

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-20s %s\n", $$1, $$2 }' Makefile

run: build ## build, start the engine, show live alerts from the bundled stream, keep running
	@./.ci/demo $(KILTER)

test: deps ## build everything and run all tests
	$(BUILD) --build-tests
	swift test -c release --skip-build

check: deps ## what a change must pass before it is shared: build without warnings, tests, formatting
	swift format lint --strict --recursive --configuration .swift-format Sources Tests
	$(BUILD) --build-tests
	swift test -c release --skip-build

build: deps
	@mkdir -p try
	$(BUILD) --product kilter

install: build ## put the engine, with what it needs of the Swift runtime, under PREFIX (default /usr/local)
	@./.ci/install $(KILTER) $(PREFIX)

deps: ## install the C libraries that are missing
	@./.ci/deps

fixtures: deps ## write the streams of all scenarios anew; then make golden
	$(BUILD) --build-tests
	KILTER_FIXTURES=$(CURDIR)/Fixtures swift test -c release --skip-build --filter writerWritesEveryFixture

golden: build ## record what the engine says to every fixture; look at the difference before you keep it
	@for scenario in Fixtures/*/; do \
	  if [ -f $$scenario/stream.jsonl ]; then \
	    configured=$$(test ! -f $$scenario/kilter.yaml || echo --config $$scenario/kilter.yaml); \
	    $(KILTER) replay --drain --format jsonl $$configured $$scenario/stream.jsonl > $$scenario/expected.jsonl || exit 1; \
	  fi; \
	done

acceptance: build ## drive the engine from outside: Python, pyzmq, the OpenTelemetry SDK, curl, Prometheus if it is there
	python3 -m venv .venv && .venv/bin/pip install --quiet -r Tests/Acceptance/requirements.txt
	.venv/bin/python Tests/Acceptance/acceptance.py --kilter $(KILTER)
	.venv/bin/python Tests/Acceptance/otlp_http.py --kilter $(KILTER)
	if command -v prometheus; then .venv/bin/python Tests/Acceptance/prometheus.py --kilter $(KILTER); fi
	.venv/bin/python Tests/Acceptance/recordings.py --kilter $(KILTER)
	.venv/bin/python Tests/Acceptance/generated.py --kilter $(KILTER)

python: build ## the Python package: types, tests, its examples against the engine
	python3 -m venv .venv-python && .venv-python/bin/pip install --quiet 'Sources/Python[test]'
	cd Sources/Python && ../../.venv-python/bin/mypy && ../../.venv-python/bin/pytest --quiet --kilter=../../$(KILTER)

traces: build ## replay labelled traces (DATA=folder) and print what was found per data set
	@test -d $(DATA) || { echo "no labelled traces at $(DATA); they are not part of the project: make traces DATA=folder"; exit 2; }
	python3 Tests/Acceptance/labelled_traces.py --kilter $(KILTER) $(DATA)

peers: build ## the published rules of other detectors beside Kilter on labelled traces (DATA=folder)
	@test -d $(DATA) || { echo "no labelled traces at $(DATA); they are not part of the project: make peers DATA=folder"; exit 2; }
	python3 Tests/Acceptance/peer_rules.py --kilter $(KILTER) $(DATA)

evidence: build ## injections that were obeyed and loops by the agents' own word, against chance (DATA=folder)
	@test -d $(DATA) || { echo "no labelled traces at $(DATA); they are not part of the project: make evidence DATA=folder"; exit 2; }
	python3 Tests/Acceptance/evidence.py --kilter $(KILTER) $(DATA)

incidents: build ## tell recorded incidents again: spans, time and dollars until each level, against what they cost
	python3 Tests/Acceptance/incidents.py --kilter $(KILTER)

swaps: build ## recorded swaps of a model: which are told of, how soon, and what is alarmed without one (DATA=folder)
	@test -d $(DATA) || { echo "no labelled traces at $(DATA); they are not part of the project: make swaps DATA=folder"; exit 2; }
	python3 Tests/Acceptance/model_swaps.py --kilter $(KILTER) $(DATA)

quality: build ## suites of drift against the goals: delays, false alarms, attribution, cost of an update
	python3 Tests/Acceptance/quality.py --kilter $(KILTER)

bench: deps ## decode, admission and the whole step: time, throughput, allocations
	cd Benchmarks && swift package -c release benchmark

bench-instructions: deps ## instructions and allocations per span against Benchmarks/Thresholds
	python3 Benchmarks/instructions.py

bench-detectors: deps ## what each detector costs, in instructions: its state's update and its verdict
	python3 Benchmarks/detector_costs.py

bench-projection: deps ## what it costs to project an embedding, by OpenBLAS and by our own lanes
	swift run -c release --package-path Benchmarks projection-cost

nab: deps ## scores of single points on the Numenta Anomaly Benchmark, by its own scorer (NAB=folder)
	@test -d $(NAB)/nab || { echo "no benchmark at $(NAB); it is not part of the project: make nab NAB=folder"; exit 2; }
	swift build -c release --package-path Benchmarks --product point-scores
	python3 Benchmarks/Peers/nab.py $(NAB)

figures: build ## whole replay next to Python's json.loads over the same lines (DATA=folder)
	@test -e $(DATA) || { echo "no streams at $(DATA); name a folder or file of OTLP JSON lines: make figures DATA=folder"; exit 2; }
	python3 Benchmarks/Peers/json_loads.py --kilter $(KILTER) $(DATA)

clean:
	rm -rf .build Benchmarks/.build .venv .venv-python
