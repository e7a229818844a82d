#include "learn/booster.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <string>

#include <xgboost/c_api.h>
#include <nlohmann/json.hpp>

namespace driftcast::learn {
namespace {

Status Check(int result, const char* what) {
  return result == 0 ? Ok() : Internal("{} failed: {}", what, XGBGetLastError());
}

class Matrix {
 public:
  ~Matrix() {
    if (handle_ != nullptr) XGDMatrixFree(handle_);
  }
  Status Fill(const TrainingRows& rows, int threads) {
    DRIFTCAST_RETURN_IF_ERROR(Check(
        XGDMatrixCreateFromMat_omp(rows.features, rows.rows, rows.columns,
                                   std::numeric_limits<float>::quiet_NaN(), &handle_, threads),
        "XGDMatrixCreateFromMat"));
    DRIFTCAST_RETURN_IF_ERROR(Set("label", rows.labels));
    DRIFTCAST_RETURN_IF_ERROR(Set("weight", rows.weights));
    if (!rows.start.empty()) DRIFTCAST_RETURN_IF_ERROR(Set("base_margin", rows.start));
    return Ok();
  }
  DMatrixHandle get() const { return handle_; }

 private:
  Status Set(const char* field, std::span<const float> values) {
    return Check(XGDMatrixSetFloatInfo(handle_, field, values.data(), values.size()), field);
  }
  DMatrixHandle handle_ = nullptr;
};

class Booster {
 public:
  ~Booster() {
    if (handle_ != nullptr) XGBoosterFree(handle_);
  }
  Status Create(const Matrix& matrix) {
    const DMatrixHandle matrices[] = {matrix.get()};
    return Check(XGBoosterCreate(matrices, 1, &handle_), "XGBoosterCreate");
  }
  Status Set(const char* name, const std::string& value) {
    return Check(XGBoosterSetParam(handle_, name, value.c_str()), name);
  }
  Status Train(const Matrix& matrix, int rounds) {
    for (int i = 0; i < rounds; ++i)
      DRIFTCAST_RETURN_IF_ERROR(
          Check(XGBoosterUpdateOneIter(handle_, i, matrix.get()), "XGBoosterUpdateOneIter"));
    return Ok();
  }
  StatusOr<predict::Forest> Trees(int columns) const;
  Status Predict(const Matrix& matrix, size_t rows, std::vector<float>* margins) const {
    bst_ulong count = 0;
    const float* values = nullptr;
    DRIFTCAST_RETURN_IF_ERROR(Check(
        XGBoosterPredict(handle_, matrix.get(), 1, 0, 0, &count, &values), "XGBoosterPredict"));
    if (count != rows) return Internal("XGBoost gave {} margins for {} rows", count, rows);
    margins->assign(values, values + count);
    return Ok();
  }

 private:
  BoosterHandle handle_ = nullptr;
};

// Single-precision values survive the JSON text: XGBoost writes as many digits as they need.
StatusOr<predict::Forest> ParseTrees(const nlohmann::json& model, int columns) {
  predict::Forest forest;
  for (const auto& tree : model.at("learner").at("gradient_booster").at("model").at("trees")) {
    const auto& left = tree.at("left_children");
    const auto& right = tree.at("right_children");
    std::vector<predict::TreeNode> nodes(left.size());
    for (size_t i = 0; i < nodes.size(); ++i) {
      nodes[i].left = left[i].get<int32_t>();
      nodes[i].right = right[i].get<int32_t>();
      nodes[i].feature = tree.at("split_indices")[i].get<int32_t>();
      const float condition = tree.at("split_conditions")[i].get<float>();
      (nodes[i].left < 0 ? nodes[i].value : nodes[i].threshold) = condition;
      nodes[i].cover = tree.at("sum_hessian")[i].get<float>();
      nodes[i].default_left = tree.at("default_left")[i].get<int>() != 0;
      if (nodes[i].left < 0) nodes[i].feature = 0;
    }
    if (!forest.AddTree(nodes, columns)) return Internal("XGBoost gave a tree that is no tree");
  }
  return forest;
}

StatusOr<predict::Forest> Booster::Trees(int columns) const {
  bst_ulong size = 0;
  const char* bytes = nullptr;
  DRIFTCAST_RETURN_IF_ERROR(
      Check(XGBoosterSaveModelToBuffer(handle_, R"({"format": "json"})", &size, &bytes),
            "XGBoosterSaveModelToBuffer"));
  try {
    return ParseTrees(nlohmann::json::parse(bytes, bytes + size), columns);
  } catch (const nlohmann::json::exception& error) {
    return Internal("XGBoost's model cannot be read: {}", error.what());
  }
}

Status Configure(const BoosterOptions& options, Booster* booster) {
  const std::pair<const char*, std::string> settings[] = {
      {"objective", "binary:logistic"},
      {"base_score", "0.5"},
      {"tree_method", "hist"},
      {"grow_policy", "lossguide"},
      {"max_depth", "0"},
      {"max_leaves", std::to_string(options.leaves_max)},
      {"eta", std::to_string(options.learning_rate)},
      {"min_child_weight", std::to_string(options.min_child_weight)},
      {"subsample", std::to_string(options.row_share)},
      {"colsample_bytree", std::to_string(options.column_share)},
      {"reg_lambda", std::to_string(options.l2)},
      {"max_bin", std::to_string(options.bins_max)},
      {"nthread", std::to_string(options.threads)},
      {"seed", std::to_string(options.seed)},
      {"verbosity", "0"},
  };
  for (const auto& [name, value] : settings) DRIFTCAST_RETURN_IF_ERROR(booster->Set(name, value));
  return Ok();
}

Status Validate(const TrainingRows& rows) {
  if (rows.rows == 0 || rows.columns <= 0) return InvalidArgument("no rows to learn from");
  if (rows.labels.size() != rows.rows || rows.weights.size() != rows.rows ||
      (!rows.start.empty() && rows.start.size() != rows.rows))
    return InvalidArgument("{} rows, but {} labels and {} weights", rows.rows, rows.labels.size(),
                           rows.weights.size());
  return Ok();
}

}  // namespace

StatusOr<predict::Forest> TrainForest(const TrainingRows& rows, const BoosterOptions& options) {
  DRIFTCAST_RETURN_IF_ERROR(Validate(rows));
  Matrix matrix;
  Booster booster;
  DRIFTCAST_RETURN_IF_ERROR(matrix.Fill(rows, options.threads));
  DRIFTCAST_RETURN_IF_ERROR(booster.Create(matrix));
  DRIFTCAST_RETURN_IF_ERROR(Configure(options, &booster));
  DRIFTCAST_RETURN_IF_ERROR(booster.Train(matrix, options.rounds));
  return booster.Trees(rows.columns);
}

StatusOr<TrainedWithMargins> TrainAndPredict(const TrainingRows& rows,
                                             const BoosterOptions& options) {
  DRIFTCAST_RETURN_IF_ERROR(Validate(rows));
  Matrix matrix;
  Booster booster;
  TrainedWithMargins result;
  DRIFTCAST_RETURN_IF_ERROR(matrix.Fill(rows, options.threads));
  DRIFTCAST_RETURN_IF_ERROR(booster.Create(matrix));
  DRIFTCAST_RETURN_IF_ERROR(Configure(options, &booster));
  DRIFTCAST_RETURN_IF_ERROR(booster.Train(matrix, options.rounds));
  DRIFTCAST_ASSIGN_OR_RETURN(result.forest, booster.Trees(rows.columns));
  const auto start = std::chrono::steady_clock::now();
  Matrix fresh;  // XGBoost caches predictions of the matrix that it was trained on
  DRIFTCAST_RETURN_IF_ERROR(fresh.Fill(rows, options.threads));
  DRIFTCAST_RETURN_IF_ERROR(booster.Predict(fresh, rows.rows, &result.margins));
  result.predict_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace driftcast::learn
