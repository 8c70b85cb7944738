#include "services/platform/base/yaml.h"

#include <sstream>

#include "yaml-cpp/eventhandler.h"

namespace trama {
namespace {

// Throws where a document begins at the place where the one before it began, for then the parser
// has consumed nothing and never will.
class Progress : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (mark.pos == last_) throw YAML::ParserException(mark, "nothing can begin with this sign");
    last_ = mark.pos;
  }

  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  int last_ = -1;
};

void CheckProgress(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  Progress progress;
  while (parser.HandleNextDocument(progress)) {
  }
}

}  // namespace

std::vector<YAML::Node> LoadYamlDocuments(const std::string& text) {
  CheckProgress(text);
  return YAML::LoadAll(text);
}

YAML::Node LoadYaml(const std::string& text) {
  std::vector<YAML::Node> documents = LoadYamlDocuments(text);
  std::erase_if(documents, [](const YAML::Node& document) { return document.IsNull(); });
  if (documents.empty()) return YAML::Node();
  if (documents.size() > 1) {
    throw YAML::ParserException(documents[1].Mark(),
                                "a second document begins here; keep one of them");
  }
  return documents.front();
}

}  // namespace trama
