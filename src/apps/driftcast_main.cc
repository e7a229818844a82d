#include "apps/cli.h"

int main(int argc, char** argv) { return driftcast::RunCommandLine(argc, argv); }
