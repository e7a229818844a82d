#include <CLI/CLI.hpp>

#include "apps/cli.h"

namespace driftcast {

void AddHistoryCommands(CLI::App&) {}

}  // namespace driftcast
