#include <CLI/CLI.hpp>

#include "apps/cli.h"

namespace driftcast {

void AddSeriesCommands(CLI::App&) {}

}  // namespace driftcast
