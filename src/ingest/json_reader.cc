#include <nlohmann/json.hpp>

#include "ingest/config_readers.h"

namespace driftcast::ingest {
namespace {

// Builds the tree from the parser's events: numbers keep their spelling, nothing recurses.
class JsonTree {
 public:
  using Json = nlohmann::json;

  bool null() { return Put(ConfigNode::Scalar("null")); }
  bool boolean(bool value) { return Put(ConfigNode::Scalar(value ? "true" : "false")); }
  bool number_integer(int64_t value) { return Put(ConfigNode::Scalar(std::to_string(value))); }
  bool number_unsigned(uint64_t value) { return Put(ConfigNode::Scalar(std::to_string(value))); }
  bool number_float(double, const std::string& text) { return Put(ConfigNode::Scalar(text)); }
  bool string(std::string& value) { return Put(ConfigNode::Scalar(std::move(value))); }
  bool binary(Json::binary_t&) { return false; }
  bool start_object(size_t) { return Open(ConfigNode::Map()); }
  bool start_array(size_t) { return Open(ConfigNode::List()); }
  bool end_object() { return Close(); }
  bool end_array() { return Close(); }
  bool key(std::string& text) {
    open_.back().key = std::move(text);
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) {
    status_ = InvalidArgument("not JSON at byte {}", position);
    return false;
  }

  StatusOr<ConfigNode> Take() && {
    if (!status_.ok()) return status_;
    return std::move(root_);
  }

 private:
  struct Level {
    ConfigNode node;
    std::string key;  // of the entry that is being read
  };

  bool Fail(const char* what) {
    status_ = ResourceExhausted("{}", what);
    return false;
  }

  bool Put(ConfigNode node) {
    if (++nodes_ > kConfigNodesMax) return Fail("too many nodes");
    if (open_.empty())
      root_ = std::move(node);
    else
      PutInto(&open_.back(), std::move(node));
    return true;
  }

  static void PutInto(Level* level, ConfigNode node) {
    level->node.Add(std::move(level->key), std::move(node));
    level->key.clear();
  }

  bool Open(ConfigNode node) {
    if (++nodes_ > kConfigNodesMax) return Fail("too many nodes");
    if (open_.size() >= static_cast<size_t>(kConfigDepthMax)) return Fail("nested too deeply");
    open_.push_back({std::move(node), ""});
    return true;
  }

  bool Close() {
    ConfigNode node = std::move(open_.back().node);
    open_.pop_back();
    if (node.is_map()) DropRepeatedKeys(&node);
    if (open_.empty())
      root_ = std::move(node);
    else
      PutInto(&open_.back(), std::move(node));
    return true;
  }

  Status status_;
  ConfigNode root_;
  std::vector<Level> open_;
  size_t nodes_ = 0;
};

}  // namespace

StatusOr<ConfigNode> ReadJson(std::string_view text) {
  JsonTree tree;
  nlohmann::json::sax_parse(text.begin(), text.end(), &tree, nlohmann::json::input_format_t::json,
                            /*strict=*/true,
                            /*ignore_comments=*/true);
  return std::move(tree).Take();
}

}  // namespace driftcast::ingest
