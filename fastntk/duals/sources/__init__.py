"""What is known of an activation: function, derivative, kinks, and reach."""
