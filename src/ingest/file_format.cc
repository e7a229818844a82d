#include <algorithm>
#include <array>

#include "ingest/config_file.h"

namespace driftcast::ingest {
namespace {

using std::string_view_literals::operator""sv;

template <typename Words>
bool IsOneOf(std::string_view text, const Words& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

template <typename Words>
bool StartsWithAny(std::string_view text, const Words& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.starts_with(word); });
}

template <typename Words>
bool EndsWithAny(std::string_view text, const Words& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.ends_with(word); });
}

// Folders whose content is no configuration of what is deployed.
constexpr std::array kPassedFolders = {
    ".git"sv,        ".github"sv,    ".gitlab"sv,      ".gitea"sv,        ".forgejo"sv,
    ".circleci"sv,   ".vscode"sv,    ".idea"sv,        ".devcontainer"sv, ".renovate"sv,
    ".taskfiles"sv,  ".terraform"sv, "node_modules"sv, "vendor"sv,        "third_party"sv,
    "__tests__"sv,   "test"sv,       "tests"sv,        "testdata"sv,      "spec"sv,
    "fixtures"sv,    "docs"sv,       "doc"sv,          "crds"sv,          ".husky"sv,
    ".woodpecker"sv, ".buildkite"sv, ".svn"sv,         ".hg"sv,           "molecule"sv};

constexpr std::array kPassedFiles = {"package.json"sv,
                                     "package-lock.json"sv,
                                     "pnpm-lock.yaml"sv,
                                     "composer.json"sv,
                                     "tsconfig.json"sv,
                                     "renovate.json"sv,
                                     "mkdocs.yml"sv,
                                     "mkdocs.yaml"sv,
                                     "Taskfile.yml"sv,
                                     "Taskfile.yaml"sv,
                                     "lefthook.yml"sv,
                                     "lefthook.yaml"sv,
                                     "azure-pipelines.yml"sv,
                                     "codecov.yml"sv,
                                     "cloudbuild.yaml"sv,
                                     "netlify.toml"sv,
                                     "pyproject.toml"sv,
                                     "Cargo.toml"sv,
                                     "Pipfile"sv,
                                     "values.schema.json"sv,
                                     "setup.cfg"sv,
                                     "tox.ini"sv,
                                     "pytest.ini"sv,
                                     "metadata.json"sv,
                                     "buf.yaml"sv,
                                     "skaffold.yaml"sv,
                                     "bun.lockb"sv,
                                     "yarn.lock"sv,
                                     "checksums.json"sv,
                                     "wrangler.toml"sv};

constexpr std::array kPassedEnds = {
    ".lock"sv,        ".lock.hcl"sv, ".lock.json"sv, ".lock.yaml"sv, ".lock.yml"sv, "-lock.json"sv,
    ".schema.json"sv, ".min.json"sv, ".sample"sv,    ".tfstate"sv,   ".ipynb"sv,    ".gotmpl"sv,
    ".tpl"sv,         ".tmpl"sv,     ".j2"sv,        ".erb"sv,       ".epp"sv,      ".template"sv};

std::string_view Extension(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? "" : name.substr(dot + 1);
}

FileFormat StructuredFormat(std::string_view name) {
  const std::string_view extension = Extension(name);
  if (extension == "yaml" || extension == "yml" || extension == "eyaml") return FileFormat::kYaml;
  if (extension == "json") return FileFormat::kJson;
  if (extension == "toml") return FileFormat::kToml;
  return FileFormat::kNone;
}

bool IsEnvName(std::string_view name) {
  return name == ".env" || name.starts_with(".env.") || Extension(name) == "env";
}

FileFormat SourceFormat(std::string_view name) {
  // Settings of tools that work on the repository. ".env" is the deployed thing's.
  if (IsEnvName(name)) return FileFormat::kEnv;
  if (name.starts_with('.')) return FileFormat::kNone;
  if (const FileFormat format = StructuredFormat(name); format != FileFormat::kNone) return format;
  const std::string_view extension = Extension(name);
  if (extension == "tf" || extension == "tofu") return FileFormat::kHcl;
  if (extension == "tfvars" || extension == "hcl") return FileFormat::kTfvars;
  constexpr std::array kLineEnds = {"ini"sv, "cfg"sv, "conf"sv, "cnf"sv, "properties"sv};
  if (IsOneOf(extension, kLineEnds)) return FileFormat::kLines;
  if (name == "crontab") return FileFormat::kCrontab;
  return FileFormat::kNone;
}

bool HasFolder(std::string_view path, auto&& predicate) {
  for (size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
    if (predicate(path.substr(0, slash))) return true;
    path.remove_prefix(slash + 1);
  }
  return false;
}

// "charts/app/charts/redis/...": a chart inside of a chart was copied there.
bool IsVendoredChart(std::string_view path) {
  const size_t first = path.starts_with("charts/") ? 0 : path.find("/charts/");
  if (first == std::string_view::npos) return false;
  return path.find("/charts/", first + 7) != std::string_view::npos;
}

bool IsPassedSource(std::string_view path) {
  const std::string_view name = FileNameOf(path);
  return IsOneOf(name, kPassedFiles) || EndsWithAny(name, kPassedEnds) || IsVendoredChart(path) ||
         HasFolder(path, [](std::string_view folder) { return IsOneOf(folder, kPassedFolders); });
}

// On hosts: keys, certificates, password files, scripts, static tables, caches.
constexpr std::array kPassedHostStarts = {".git"sv,
                                          ".etckeeper"sv,
                                          "init.d/"sv,
                                          "ssl/"sv,
                                          "pki/"sv,
                                          "ca-certificates/"sv,
                                          "letsencrypt/live"sv,
                                          "letsencrypt/archive"sv,
                                          "letsencrypt/keys"sv,
                                          "letsencrypt/csr"sv,
                                          "udev/hwdb"sv,
                                          "rc.d/init.d/"sv,
                                          "ipsec.d/private"sv,
                                          ".hg"sv,
                                          ".bzr"sv,
                                          ".svn"sv};
constexpr std::array kPassedHostNames = {
    "shadow"sv,    "shadow-"sv, "gshadow"sv,         "gshadow-"sv,    "passwd-"sv,
    "group-"sv,    "subuid-"sv, "subgid-"sv,         "mime.types"sv,  "services"sv,
    "protocols"sv, "magic"sv,   "ld.so.cache"sv,     "random-seed"sv, ".pwd.lock"sv,
    "moduli"sv,    "rpc"sv,     "ethertypes"sv,      "machine-id"sv,  ".updated"sv,
    "mtab"sv,      "adjtime"sv, "bash_completion"sv, "termcap"sv,     "opasswd"sv};
constexpr std::array kPassedHostEnds = {".pem"sv, ".crt"sv, ".cer"sv, ".key"sv,     ".csr"sv,
                                        ".p12"sv, ".pfx"sv, ".jks"sv, ".gpg"sv,     ".pub"sv,
                                        ".bin"sv, ".db"sv,  ".so"sv,  ".keyring"sv, ".asc"sv,
                                        ".sh"sv,  ".py"sv,  ".pl"sv,  ".rb"sv,      ".gz"sv,
                                        ".elc"sv, ".el"sv,  "_key"sv, ".crl"sv,     ".dpkg-tmp"sv};

bool IsPassedHost(std::string_view path) {
  const std::string_view name = FileNameOf(path);
  return StartsWithAny(path, kPassedHostStarts) || IsOneOf(name, kPassedHostNames) ||
         EndsWithAny(name, kPassedHostEnds);
}

FileFormat HostFormat(std::string_view path) {
  if (path == "passwd") return FileFormat::kPasswd;
  if (path == "group") return FileFormat::kGroup;
  if (path == "crontab" || path == "anacrontab" || path.starts_with("cron.d/") ||
      path.starts_with("crontabs/") || path.starts_with("cron/"))
    return FileFormat::kCrontab;
  const FileFormat format = StructuredFormat(FileNameOf(path));
  return format == FileFormat::kNone ? FileFormat::kLines : format;
}

}  // namespace

std::string_view FolderOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : path.substr(0, slash);
}

std::string_view FileNameOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

FileFormat FormatOf(std::string_view path, TreeKind tree) {
  if (tree == TreeKind::kHost) return IsPassedHost(path) ? FileFormat::kNone : HostFormat(path);
  return IsPassedSource(path) ? FileFormat::kNone : SourceFormat(FileNameOf(path));
}

}  // namespace driftcast::ingest
