"""Direct methods: factorisations of matrices that fit into memory."""
