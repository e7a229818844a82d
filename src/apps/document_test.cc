// What is written from the command line's declarations: completion, man pages; and the report.
#include <cstdio>
#include <cstdlib>

#include <gmock/gmock.h>
#include <CLI/CLI.hpp>

#include "apps/command_tree.h"
#include "apps/report_page.h"
#include "base/file.h"

namespace driftcast {
namespace {

using testing::HasSubstr;
using testing::Not;

class CommandTreeTest : public testing::Test {
 protected:
  CommandTreeTest() {
    app_.add_subcommand("status", "How things are")->add_flag("--json", json_, "For scripts");
    auto* token = app_.add_subcommand("token", "It's for scripts");
    auto* create = token->add_subcommand("create", "Make one");
    create->footer("Example:\n  tool token create ci");
    create->add_option("name", text_, "What for")->required();
    create->add_option("--role,-r", text_, "What it may do")
        ->check(CLI::IsMember({"viewer", "admin"}));
    tree_ = TreeOf(app_);
  }

  // What bash would offer for the last of these words.
  std::string Offered(const std::string& words) {
    const std::string script = testing::TempDir() + "/completion.bash";
    EXPECT_TRUE(WriteFileAtomically(script, BashCompletion(tree_), 0600).ok());
    const std::string command = "bash -c '. " + script + "; COMP_WORDS=(" + words +
                                "); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _tool; echo "
                                "\"${COMPREPLY[*]}\"'";
    FILE* pipe = popen(command.c_str(), "r");
    std::string out;
    for (int c = fgetc(pipe); c != EOF && c != '\n'; c = fgetc(pipe)) out += static_cast<char>(c);
    pclose(pipe);
    std::remove(script.c_str());
    return out;
  }

  CLI::App app_{"A tool", "tool"};
  bool json_ = false;
  std::string text_;
  CommandNode tree_;
};

TEST_F(CommandTreeTest, HoldsCommandsOptionsAndTheirChoices) {
  ASSERT_EQ(tree_.commands.size(), 2u);
  const CommandNode& create = tree_.commands[1].commands[0];
  EXPECT_EQ(create.name, "create");
  const auto role =
      std::find_if(create.options.begin(), create.options.end(), [](const CommandOption& option) {
        return option.names.size() == 2 && option.names[1] == "--role";
      });
  ASSERT_NE(role, create.options.end());
  EXPECT_THAT(role->choices, testing::ElementsAre("viewer", "admin"));
}

TEST_F(CommandTreeTest, BashOffersWhatFits) {
  EXPECT_EQ(Offered("tool st"), "status");
  EXPECT_EQ(Offered("tool status --j"), "--json");
  EXPECT_EQ(Offered("tool token \"\""), "create -h --help");
  EXPECT_EQ(Offered("tool token create --role \"\""), "viewer admin");
  EXPECT_EQ(Offered("tool token create -r v"), "viewer");
}

TEST_F(CommandTreeTest, OtherShellsAreToldTheSame) {
  EXPECT_THAT(ZshCompletion(tree_), HasSubstr("'token:It'\\''s for scripts'"));
  EXPECT_THAT(FishCompletion(tree_),
              testing::AnyOf(HasSubstr("-l role -s r"), HasSubstr("-s r -l role")));
  EXPECT_THAT(FishCompletion(tree_), HasSubstr("'viewer admin'"));
}

TEST_F(CommandTreeTest, AManPageNamesEveryOption) {
  const std::string page = ManPage(tree_.commands[1], "tool", 1, "1.2", "2026-03-14");
  EXPECT_THAT(page, HasSubstr(".TH TOOL-TOKEN 1 2026-03-14"));
  EXPECT_THAT(page, HasSubstr("\\fB\\-\\-role\\fR"));
  EXPECT_THAT(page, HasSubstr("One of: viewer, admin."));
  EXPECT_THAT(page, HasSubstr(".SH EXIT STATUS"));
}

TEST(ReportPage, EscapesWhatComesFromHosts) {
  ReportData data;
  data.made_at = "2026-03-14";
  data.overview = {{"version", "1"},
                   {"resources", 1},
                   {"counts", {{"DRIFTED", 1}}},
                   {"expected_changes", {0, 0, 0, 0, 1.5, 2}},
                   {"horizons", ClientJson::array()}};
  data.stacks["rows"] = ClientJson::array();
  data.predictions["rows"] = ClientJson::array();
  data.track = {{"horizons", ClientJson::array()}, {"alert_horizon", "1d"}};
  data.causes["rows"] = ClientJson::array();
  data.causes["rows"].push_back(
      {{"severity_max", 5.0},
       {"drifts", 3},
       {"opened_last", "2026-03-14T09:26:53Z"},
       {"cause", {{"text", "<script>alert(1)</script>"}}},
       {"sample", {{{"resource", {{"name", "a&b"}, {"stack", "web-1"}}}}}}});
  const std::string page = ReportPage(data);
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(page, HasSubstr("a&amp;b"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("and 2 more"));
}

}  // namespace
}  // namespace driftcast
