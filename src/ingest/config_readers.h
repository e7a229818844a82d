// Readers of configuration formats: text to trees (config_node.h). All are pure and bounded
// (kConfigDepthMax, kConfigNodesMax); what they cannot read is InvalidArgument with the line, or
// ResourceExhausted past a bound. Scalars keep the spelling of the source.
#ifndef DRIFTCAST_INGEST_CONFIG_READERS_H_
#define DRIFTCAST_INGEST_CONFIG_READERS_H_

#include <string_view>
#include <vector>

#include "ingest/config_node.h"

namespace driftcast::ingest {

// YAML 1.1 by libyaml: every document of the stream that is not empty, in order, with its number
// (from 0, empty ones counted). Aliases and merge keys are expanded; a tag of the application's own
// stays in front of its scalar ("!Ref name"). Keys must be scalars.
struct YamlDocument {
  int number = 0;
  ConfigNode root;
};
StatusOr<std::vector<YamlDocument>> ReadYaml(std::string_view text);

StatusOr<ConfigNode> ReadJson(std::string_view text);  // RFC 8259, comments allowed
StatusOr<ConfigNode> ReadToml(std::string_view text);  // TOML 1.0

// HCL 2 as Terraform and OpenTofu write it. Attributes become entries: literals, objects and
// tuples as such (also inside jsonencode and yamlencode), any other expression as its text with
// white space collapsed. A block `type "a" "b" {...}` becomes type.a.b: a list of its bodies; an
// empty body is the entry "(block)" = "set".
StatusOr<ConfigNode> ReadHcl(std::string_view text);

// The top-level blocks and attributes of an HCL file, one by one.
struct HclBlock {
  std::string type;                 // empty: the attributes outside of blocks
  std::vector<std::string> labels;  // without quotes
  ConfigNode body;
};
StatusOr<std::vector<HclBlock>> ReadHclBlocks(std::string_view text);

// KEY=value lines as shells and Docker read them (export, quotes, comments). Never fails.
ConfigNode ReadEnv(std::string_view text);

// Any line-based configuration: [section]s, nested blocks in braces or <Tags>, `key = value`,
// `key: value`, `key value`. A repeated key becomes a list `key`, other lines the list `line`.
// Never fails.
ConfigNode ReadLines(std::string_view text);

// A crontab: job[command] = schedule. In a system crontab the command starts with the user's name.
ConfigNode ReadCrontab(std::string_view text);

// passwd(5): name.uid, gid, shell; group(5): name.gid, members. Login names of people (and all
// members but root) are replaced by pseudonyms: "u" and 8 hex digits of their SHA-256.
ConfigNode ReadPasswd(std::string_view text);
ConfigNode ReadGroup(std::string_view text);

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_CONFIG_READERS_H_
