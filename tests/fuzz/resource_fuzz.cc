// A YAML file that somebody gives to `tramactl apply`.

#include "tests/fuzz/fuzz.h"
#include "tools/cli/resource_file.h"
#include "tools/cli/yaml_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  const tramactl::Environment environment = [](const std::string&) {
    return std::optional<std::string>("value");
  };
  std::vector<tramactl::Mistake> mistakes;
  const std::vector<tramactl::YamlDocument> documents =
      tramactl::ParseYaml("fuzzed.yaml", fuzz::Text(data, size), mistakes);
  const std::vector<tramactl::LocatedResource> resources =
      tramactl::ReadResources(documents, "demo", environment, mistakes);
  // Every document is either read or complained about.
  TRAMA_CHECK(!mistakes.empty() || resources.size() == documents.size());
  for (const tramactl::Mistake& mistake : mistakes) TRAMA_CHECK(!mistake.ToString().empty());
  return 0;
}
