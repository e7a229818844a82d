#include <algorithm>
#include <utility>

#include "intel/indicator_feeds.h"
#include "intel/osv_reader.h"

namespace driftcast::intel {
namespace {

// The words of a pattern: paths, operators, brackets and texts (without their quotes).
struct Token {
  enum class Kind { kEnd, kWord, kText, kSign } kind = Kind::kEnd;
  std::string text;
};

class Tokens {
 public:
  explicit Tokens(std::string_view pattern) : rest_(pattern) {}

  Token Next() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\t'))
      rest_.remove_prefix(1);
    if (rest_.empty()) return {};
    if (rest_[0] == '\'') return {Token::Kind::kText, Quoted()};
    if (std::string_view("[](),=<>!").find(rest_[0]) != std::string_view::npos) {
      const std::string sign(1, rest_[0]);
      rest_.remove_prefix(1);
      return {Token::Kind::kSign, sign};
    }
    return {Token::Kind::kWord, Word()};
  }

 private:
  std::string Quoted() {
    std::string text;
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_[0] != '\'') {
      if (rest_[0] == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      text += rest_[0];
      rest_.remove_prefix(1);
    }
    if (!rest_.empty()) rest_.remove_prefix(1);
    return text;
  }

  // A path may have quoted parts: file:hashes.'SHA-256'.
  std::string Word() {
    std::string word;
    while (!rest_.empty() && std::string_view(" \n\t[](),=<>!").find(rest_[0]) == rest_.npos) {
      if (rest_[0] == '\'') {
        word += Quoted();
        continue;
      }
      word += rest_[0];
      rest_.remove_prefix(1);
    }
    return word;
  }

  std::string_view rest_;
};

std::optional<IndicatorType> TypeOfPath(std::string_view path) {
  if (path == "ipv4-addr:value" || path == "ipv6-addr:value") return IndicatorType::kAddress;
  if (path == "domain-name:value") return IndicatorType::kDomain;
  if (path == "url:value") return IndicatorType::kUrl;
  if (path.starts_with("file:hashes.")) return IndicatorType::kHash;
  if (path == "user-account:user_id" || path == "user-account:account_login")
    return IndicatorType::kUser;
  return std::nullopt;
}

// Adds `path = text` or `path IN (texts)`; false when it is another comparison.
bool ReadComparison(const std::string& path, Tokens& tokens, std::vector<Indicator>& out) {
  const auto type = TypeOfPath(path);
  const auto add = [&](const std::string& text) {
    if (!type) return;
    if (auto indicator = CanonicalIndicator(text, type)) out.push_back(*std::move(indicator));
  };
  const Token op = tokens.Next();
  if (op.text == "=" && op.kind == Token::Kind::kSign) {
    const Token value = tokens.Next();
    add(value.text);
    return value.kind == Token::Kind::kText;
  }
  if (op.text != "IN" || tokens.Next().text != "(") return false;
  for (;;) {
    const Token value = tokens.Next();
    if (value.kind != Token::Kind::kText) return false;
    add(value.text);
    const Token after = tokens.Next();
    if (after.text == ")" && after.kind == Token::Kind::kSign) return true;
    if (after.text != ",") return false;
  }
}

}  // namespace

std::vector<Indicator> ReadStixPattern(std::string_view pattern) {
  std::vector<Indicator> indicators;
  Tokens tokens(pattern);
  for (;;) {
    const Token token = tokens.Next();
    if (token.kind == Token::Kind::kEnd) return indicators;
    if (token.kind == Token::Kind::kText) return {};
    if (token.text == "[" || token.text == "]" || token.text == "(" || token.text == ")" ||
        token.text == "OR")
      continue;
    const bool path = token.kind == Token::Kind::kWord && token.text.find(':') != token.text.npos;
    if (!path || !ReadComparison(token.text, tokens, indicators)) return {};
  }
}

StixReader::StixReader(std::function<void(FeedWarning)> warning)
    : warning_(std::move(warning)),
      records_(
          2, kFeedRecordBytesMax,
          [this](std::string_view record, uint64_t offset) { Record(record, offset); },
          [this](uint64_t offset) {
            warning_({offset, "an object is too large"});
          }) {}

void StixReader::Record(std::string_view json, uint64_t offset) {
  if (records_.key(1) != "objects") return;
  const auto object = parser_.Parse(json);
  if (!object) return warning_({offset, "an object cannot be read"});
  ++objects_;
  const Instant modified = Time(*object, "modified").value_or(Instant());
  newest_ = std::max(newest_, modified);
  if (Text(*object, "type") != "indicator") return;
  const std::string id = OneLine(Text(*object, "id"), 100);
  if (id.empty()) return warning_({offset, "an indicator has no id"});
  const auto [held, first] = by_id_.try_emplace(id);
  if (!first && modified < held->second.modified) return;
  held->second = {modified, {}};
  if (IsTrue(*object, "revoked")) return;
  const std::string_view language = Text(*object, "pattern_type");
  if (language.empty() || language == "stix")
    held->second.indicators = ReadStixPattern(Text(*object, "pattern"));
  if (held->second.indicators.empty())
    return warning_({offset, id + ": its pattern cannot be matched here"});
  const std::string name = OneLine(Text(*object, "name"), 120);
  for (Indicator& indicator : held->second.indicators) {
    indicator.about = name.empty() ? id : name;
    indicator.confidence =
        static_cast<int>(std::clamp(Number(*object, "confidence").value_or(-1), -1.0, 100.0));
    indicator.from = Time(*object, "valid_from").value_or(Instant());
    indicator.until = Time(*object, "valid_until").value_or(Instant());
  }
}

StatusOr<IndicatorSet> StixReader::Finish() && {
  if (!records_.complete())
    return DataLoss("the bundle ends early, after {} bytes", records_.offset());
  if (objects_ == 0) return InvalidArgument("the bundle holds no object");
  std::vector<Indicator> all;
  for (auto& [id, held] : by_id_)
    for (Indicator& indicator : held.indicators) all.push_back(std::move(indicator));
  return IndicatorSet(std::move(all));
}

}  // namespace driftcast::intel
