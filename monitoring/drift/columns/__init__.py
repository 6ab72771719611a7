"""What is watched: columns of inputs, features, scores and outcomes, each with a figure a week."""
