// What a file of a repository is, by its path, and which documents it holds.
#ifndef DRIFTCAST_INGEST_CONFIG_FILE_H_
#define DRIFTCAST_INGEST_CONFIG_FILE_H_

#include <string>
#include <string_view>
#include <vector>

#include "ingest/config_leaves.h"
#include "ingest/config_node.h"

namespace driftcast::ingest {

enum class FileFormat {
  kNone,  // passed over: source, templates, CI workflows, tool settings, lock files, vendored
          // charts, schemas, dashboards, documentation, tests, keys
  kYaml,
  kJson,
  kToml,
  kHcl,
  kTfvars,
  kEnv,
  kLines,
  kCrontab,
  kPasswd,
  kGroup,
};

// What kind of tree a repository holds: a host's /etc (etckeeper), or sources of configuration.
enum class TreeKind { kSources, kHost };

// Larger files are passed over.
inline constexpr size_t kConfigFileBytesMax = 512 << 10;

FileFormat FormatOf(std::string_view path, TreeKind tree);

// One resource as a file defines it.
struct ConfigDocument {
  std::string kind;  // "HelmRelease", "tf:aws_instance", "file:yaml", "file:etc", "symlink"
  // The resource's id, but for what tells it from others with the same: "HelmRelease/media/plex",
  // "modules/db:aws_db_instance.main", "group_vars/all.yml".
  std::string base;
  int number = 1;  // which document with this base in its file, from 1
  // What stays when the file moves: kind and name, the block's address, the file's name.
  std::string move_key;
  ConfigNode root;  // canonical, not labelled yet
};

// Reads a file's documents. InvalidArgument when it does not parse (or is binary), with the line;
// ResourceExhausted when it is too large or too deep. An empty result: nothing in it.
StatusOr<std::vector<ConfigDocument>> ReadDocuments(std::string_view path, FileFormat format,
                                                    TreeKind tree, std::string_view content);

// The document of a symbolic link.
ConfigDocument SymlinkDocument(std::string_view path, std::string_view target);

std::string_view FolderOf(std::string_view path);  // "" for a file at the top
std::string_view FileNameOf(std::string_view path);

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_CONFIG_FILE_H_
