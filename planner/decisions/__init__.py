"""What planners decide upon a product: acknowledge, snooze, dismiss, comment, and take back."""
