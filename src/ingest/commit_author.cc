#include "ingest/commit_author.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/crypto.h"

namespace driftcast::ingest {
namespace {

using std::string_view_literals::operator""sv;

// Parts of the names and addresses of programs that commit.
constexpr std::array kPrograms = {
    "[bot]"sv,          "renovate"sv,        "dependabot"sv,    "github-actions"sv,
    "github actions"sv, "fluxcd"sv,          "flux-cd"sv,       "weave flux"sv,
    "image-updater"sv,  "image updater"sv,   "imageupdat"sv,    "greenkeeper"sv,
    "snyk-"sv,          "mergify"sv,         "pre-commit-ci"sv, "semantic-release"sv,
    "updatecli"sv,      "jenkins-x"sv,       "k8s-ci-robot"sv,  "argocd"sv,
    "argo-cd"sv,        "gitlab-ci"sv,       "gitlab ci"sv,     "circleci"sv,
    "circle ci"sv,      "travis ci"sv,       "travis-ci"sv,     "concourse"sv,
    "weblate"sv,        "allcontributors"sv, "imgbot"sv,        "scraper"sv,
    "robot"sv,          "automation"sv,      "pyup"sv,          "depfu"sv,
    "keel"sv,           "atlantis"sv,        "git-sync"sv};

// Branches that such programs make.
constexpr std::array kBranches = {"/renovate/"sv,     "/renovate-"sv,     "'renovate/"sv,
                                  "/dependabot/"sv,   "'dependabot/"sv,   "/flux-image-updates"sv,
                                  "/image-updater"sv, "/updatecli"sv,     "/snyk-"sv,
                                  "/pre-commit-ci"sv, "from renovate/"sv, "from dependabot/"sv};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

template <typename Words>
bool HasAny(std::string_view text, const Words& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  });
}

// "bot" as a word of its own or as an ending with a separator: "ci-bot", "bot@", "Release Bot".
bool HasBotWord(std::string_view text) {
  for (size_t at = text.find("bot"); at != std::string_view::npos; at = text.find("bot", at + 3)) {
    const bool starts = at == 0 || !std::isalpha(static_cast<unsigned char>(text[at - 1]));
    const bool ends =
        at + 3 == text.size() || !std::isalpha(static_cast<unsigned char>(text[at + 3]));
    if (starts && ends) return true;
  }
  return false;
}

bool IsProgram(std::string_view text) { return HasAny(text, kPrograms) || HasBotWord(text); }

}  // namespace

std::string ActorPseudonym(std::string_view email) { return Hex(Sha256(email)).substr(0, 8); }

bool IsBotCommit(std::string_view author_name, std::string_view author_email,
                 std::string_view message, bool is_merge) {
  const std::string email = Lower(author_email);
  const std::string_view local = std::string_view(email).substr(0, email.find('@'));
  if (IsProgram(Lower(author_name)) || IsProgram(local) || HasBotWord(email)) return true;
  const std::string subject = Lower(message.substr(0, message.find('\n')));
  return is_merge && HasAny(subject, kBranches);
}

}  // namespace driftcast::ingest
