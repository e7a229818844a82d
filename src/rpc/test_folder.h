// A folder of the test's own, removed when it ends.
#ifndef DRIFTCAST_RPC_TEST_FOLDER_H_
#define DRIFTCAST_RPC_TEST_FOLDER_H_

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace driftcast {

class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "driftcast-rpc-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TestFolder() {
    std::error_code error;
    if (!path_.empty()) std::filesystem::remove_all(path_, error);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_TEST_FOLDER_H_
